// Whom a drill talks to. Code that a restore runs could put another server, or a link to one, in the place of
// the throwaway server's socket.
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "core/postgres/connection.h"
#include "core/system/fd.h"

namespace pgassay::drill {

/// The superuser of pgassay's own sessions, beside the one that initdb makes, which has the name of the
/// source's: what the backup says of that one then goes for it, and leaves our sessions alone.
struct Login {
  std::string user, password;
};
/// With a name and a password that nobody knows.
Login new_login();
/// Its CREATE ROLE.
std::string create_statement(const Login& login);

/// That it is a unix socket under that path, whoever serves it: while nobody's code has run yet.
std::shared_ptr<const ServerProof> proof_of_a_socket(const Path& socket);

/// Every connection is to one process: the one that `is_ours` knew at the first.
class ThrowawayProof : public ServerProof {
 public:
  struct Wanted {
    Path socket;
    std::optional<uid_t> user;  ///< none: whoever it is at the first
    std::function<bool(pid_t)> is_ours;
    std::string system_identifier;  ///< empty: the first one's
  };
  explicit ThrowawayProof(Wanted wanted) : wanted_(std::move(wanted)) {}

  void check_socket(int socket) const override;
  void check_server(Connection& connection) const override;
  pid_t server() const;  ///< 0: not known yet

 private:
  const Wanted wanted_;
  mutable std::mutex mutex_;
  mutable pid_t server_ = 0;
  mutable std::optional<uid_t> user_;
  mutable std::string system_identifier_;
};

/// What pg_control of that data directory says. Throws Error.
std::string system_identifier_of(const Path& data);

/// Puts the socket that the server made into a directory that it can't get at, under the same name. Nothing
/// when the server has made none yet. The server can then do what it likes to its own directory: what lies in
/// ours is the socket that it served before it had run anybody's code. Throws AnotherServer when there is a
/// link in its place.
bool keep_socket(const Path& from_dir, const Path& to_dir);

}  // namespace pgassay::drill
