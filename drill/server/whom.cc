#include "drill/server/whom.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/repository/identity.h"
#include "core/system/error.h"
#include "core/system/files.h"

namespace pgassay::drill {
namespace {

constexpr char kSocket[] = ".s.PGSQL.5432";

[[noreturn]] void throw_another(const Path& socket, const std::string& what) {
  throw AnotherServer(
      fmt::format("it is not the throwaway server that answers at {}: {}", socket.string(), what),
      "something that was restored may have tried to get out; look at it in the backup before you drill "
      "again "
      "(docs/security.md)");
}

/// libpq goes where PGHOSTADDR and a service's hostaddr say, whatever the directory of its sockets.
void check_it_is(const Path& path, int socket) {
  int domain = 0;
  socklen_t length = sizeof domain;
  if (::getsockopt(socket, SOL_SOCKET, SO_DOMAIN, &domain, &length) != 0)
    throw_errno("can't see what was connected for", path);
  if (domain != AF_UNIX)
    throw_another(path, "something in the environment led to an address (PGHOSTADDR, PGSERVICE)");
  if (link_status_of(path).type() != std::filesystem::file_type::socket)
    throw_another(path, "there is no socket, but something else");
}

class SocketProof : public ServerProof {
 public:
  explicit SocketProof(Path socket) : path_(std::move(socket)) {}
  void check_socket(int socket) const override { check_it_is(path_, socket); }
  void check_server(Connection&) const override {}

 private:
  const Path path_;
};

}  // namespace

std::shared_ptr<const ServerProof> proof_of_a_socket(const Path& socket) {
  return std::make_shared<SocketProof>(socket);
}

Login new_login() {
  return {"pgassay_" + random_hex(6), random_hex(24)};
}

std::string create_statement(const Login& login) {
  return fmt::format("CREATE ROLE {} LOGIN SUPERUSER PASSWORD {}", quote_identifier(login.user),
                     quote_literal(login.password));
}

void ThrowawayProof::check_socket(int socket) const {
  check_it_is(wanted_.socket, socket);
  ucred peer{};
  socklen_t length = sizeof peer;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0)
    throw_errno("can't see who serves", wanted_.socket);
  const std::lock_guard lock(mutex_);
  if (!user_) user_ = wanted_.user ? *wanted_.user : peer.uid;
  if (peer.uid != *user_)
    throw_another(wanted_.socket, fmt::format("it runs as user {}, and ours as {}", peer.uid, *user_));
  if (server_ == 0 && wanted_.is_ours(peer.pid)) server_ = peer.pid;
  if (server_ == 0 || peer.pid != server_)
    throw_another(wanted_.socket, fmt::format("process {} serves it", peer.pid));
}

void ThrowawayProof::check_server(Connection& connection) const {
  const std::string identifier =
      connection.query("SELECT system_identifier FROM pg_catalog.pg_control_system()").text(0, 0);
  const std::lock_guard lock(mutex_);
  if (system_identifier_.empty())
    system_identifier_ = wanted_.system_identifier.empty() ? identifier : wanted_.system_identifier;
  if (identifier != system_identifier_)
    throw_another(wanted_.socket,
                  fmt::format("its system identifier is {}, and ours is {}", identifier, system_identifier_));
}

pid_t ThrowawayProof::server() const {
  const std::lock_guard lock(mutex_);
  return server_;
}

std::string system_identifier_of(const Path& data) {
  std::uint64_t identifier = 0;
  const std::string control = read_file(data / "global" / "pg_control");
  if (control.size() < sizeof identifier) throw Error("no pg_control in " + data.string());
  std::memcpy(&identifier, control.data(), sizeof identifier);
  return std::to_string(identifier);
}

bool keep_socket(const Path& from_dir, const Path& to_dir) {
  // Not through a link: that one would be kept itself.
  if (::link((from_dir / kSocket).c_str(), (to_dir / kSocket).c_str()) != 0) {
    if (errno == ENOENT) return false;
    throw_errno("can't keep the throwaway server's socket", to_dir / kSocket);
  }
  if (link_status_of(to_dir / kSocket).type() != std::filesystem::file_type::socket)
    throw_another(to_dir / kSocket, "there is a link, or something else");
  return true;
}

}  // namespace pgassay::drill
