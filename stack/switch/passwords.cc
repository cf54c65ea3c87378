#include "stack/switch/passwords.h"

#include <fmt/format.h>

#include <algorithm>

#include "backup/backup.h"
#include "core/postgres/connection_refused.h"

namespace pgassay::stack {
namespace {

constexpr char kAnyDatabase[] = "postgres";

bool has_role(const LoginServer& server, const std::string& role, const std::stop_token& stop) {
  return Connection::open(server.connection, backup::kApplicationName, stop)
             .query("SELECT FROM pg_catalog.pg_roles WHERE rolname = $1", {role})
             .rows() > 0;
}

/// Through a socket a server asks nobody for a password, as it is usual.
bool by_tcp(const ConnInfo& connection) {
  const auto host = connection.parameters.find("host");
  return connection.parameters.contains("hostaddr") ||
         (host != connection.parameters.end() && !host->second.empty() && !host->second.starts_with('/'));
}

}  // namespace

int try_logins(const std::vector<DatabaseLogin>& logins, const std::vector<LoginServer>& servers,
               const std::stop_token& stop) {
  int came_in = 0;
  for (const DatabaseLogin& login : logins) {
    const auto server = std::ranges::find_if(
        servers, [&](const LoginServer& one) { return has_role(one, login.user, stop); });
    if (server == servers.end() || !by_tcp(server->connection)) continue;
    ConnInfo as_they = server->connection.with_database(kAnyDatabase);
    as_they.role.clear();
    as_they.parameters["user"] = login.user;
    as_they.parameters["password"] = login.password;
    try {
      Connection::open(as_they, backup::kApplicationName, stop);
      ++came_in;
    } catch (const ConnectionRefused& error) {
      // Any other refusal is no word about the password.
      if (error.by_password())
        throw Refused(fmt::format("{} of the service {}: {} has another password in {}", login.variable,
                                  login.service, login.user, server->shown),
                      server->hint);
    } catch (const ConnectionLost&) {  // nor is this
    }
  }
  return came_in;
}

}  // namespace pgassay::stack
