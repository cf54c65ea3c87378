// A session that can do what one role may do, and nothing else.
#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/postgres/connection.h"
#include "core/system/observer.h"

namespace pgassay::restore {

/// SET ROLE is no boundary: a function says RESET ROLE. So a role is made that may log in, with a password
/// that nobody knows, and is a member of the owner's role alone; its one session becomes the owner. Neither
/// that role nor that session is used again, for code of the owner may have changed both. The role is dropped
/// at the end; where we are killed, by the next restore into this server.
class OwnerLogin {
 public:
  /// `target`: as whom it connects is a superuser. Throws Error.
  OwnerLogin(const ConnInfo& target, std::string owner, Observer& observer, std::stop_token stop);
  OwnerLogin(const OwnerLogin&) = delete;
  ~OwnerLogin();

  /// Its session, once, which must end before this does. Triggers and rules fire in none of it. Throws
  /// Refused naming the code where the server does not let it in (pg_hba.conf); `else_do` is what its hint
  /// ends with.
  Connection open(const std::vector<std::string>& code, const std::string& else_do);

  const std::string& owner() const { return owner_; }

 private:
  void drop();

  ConnInfo target_;
  const std::string owner_;
  Observer& observer_;
  std::stop_token stop_;
  Connection server_;
  std::string role_, password_;
};

/// Drops what killed restores have left of such roles.
void drop_stale_logins(Connection& server);

}  // namespace pgassay::restore
