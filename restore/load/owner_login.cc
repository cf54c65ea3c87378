#include "restore/load/owner_login.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>

#include "core/postgres/session.h"
#include "core/repository/identity.h"
#include "restore/application_name.h"

namespace pgassay::restore {
namespace {

constexpr const char* kComment = "pgassay: the login of one session of a restore";

/// A superuser's, whatever --role says.
Connection open_server(ConnInfo target, std::stop_token stop) {
  target.role.clear();
  Connection server = Connection::open(target, kRestoreApplication, std::move(stop));
  start_loading_session(server);
  return server;
}

/// What the owner's code may have made in its name becomes the owner's.
void drop_role(Connection& server, const std::string& role, const std::string& owner) {
  const std::string name = quote_identifier(role);
  server.query(
      "SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity WHERE usename = $1",
      {role});
  // What its temporary tables were goes with the backend.
  constexpr int kAttempts = 500;
  for (int attempt = 0; attempt < kAttempts; ++attempt)
    if (server
            .query("SELECT pg_catalog.pg_sleep(0.01) FROM pg_catalog.pg_stat_activity WHERE usename = $1 "
                   "LIMIT 1",
                   {role})
            .rows() == 0)
      break;
  try {
    server.query("DROP ROLE IF EXISTS " + name);
  } catch (const ServerError&) {
    const std::string give =
        owner.empty() ? "" : fmt::format("REASSIGN OWNED BY {} TO {}; ", name, quote_identifier(owner));
    server.query(fmt::format("{}DROP OWNED BY {}; DROP ROLE {}", give, name, name));
  }
}

}  // namespace

OwnerLogin::OwnerLogin(const ConnInfo& target, std::string owner, Observer& observer, std::stop_token stop)
    : target_(target),
      owner_(std::move(owner)),
      observer_(observer),
      stop_(stop),
      server_(open_server(target, std::move(stop))) {
  drop_stale_logins(server_);
  role_ = "pgassay_owner_" + random_hex(8);
  password_ = random_hex(24);
  const std::string name = quote_identifier(role_);
  server_.query(fmt::format(
      "BEGIN; CREATE ROLE {0} LOGIN NOINHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS"
      " CONNECTION LIMIT 1 PASSWORD {1} VALID UNTIL {2}; GRANT {3} TO {0}; COMMENT ON ROLE {0} IS {4};"
      " ALTER ROLE {0} SET session_replication_role = 'replica'; COMMIT",
      name, quote_literal(server_.encrypted_password(password_, role_)),
      quote_literal(server_.query("SELECT pg_catalog.clock_timestamp() + interval '10 minutes'").text(0, 0)),
      quote_identifier(owner_), quote_literal(kComment)));
  // What its owner may it does not inherit; and PUBLIC may not where somebody has seen to that.
  if (!server_
           .query("SELECT pg_catalog.has_database_privilege($1, pg_catalog.current_database(), 'CONNECT')",
                  {role_})
           .boolean(0, 0))
    server_.query(fmt::format(
        "GRANT CONNECT ON DATABASE {} TO {}",
        quote_identifier(server_.query("SELECT pg_catalog.current_database()").text(0, 0)), name));
}

OwnerLogin::~OwnerLogin() {
  try {
    drop();
  } catch (const Error& error) {
    observer_.message(Level::warning, fmt::format("role {} is left behind: {}", role_, error.what()),
                      fmt::format("the next such restore drops it, or DROP ROLE {}", role_));
  }
}

Connection OwnerLogin::open(const std::vector<std::string>& code, const std::string& else_do) {
  constexpr std::string_view kInvalidAuthorization = "28";
  ConnInfo target = target_;
  target.parameters["user"] = role_;
  target.parameters["password"] = password_;
  target.role = owner_;
  try {
    return Connection::open(target, kRestoreApplication, stop_);
  } catch (const ConnectionLost& error) {
    if (!error.sqlstate().starts_with(kInvalidAuthorization)) error.raise();
    throw Refused(
        fmt::format(
            "{} would run with the rights of the restore, and does not belong to a superuser; a session "
            "of {} alone is not let in: {}",
            fmt::join(code, ", "), owner_, error.what()),
        fmt::format("let roles whose names begin with pgassay_owner_ in by pg_hba.conf, with a password, as "
                    "it mostly "
                    "does over TCP (-d 'host=localhost …'); or {}",
                    else_do),
        error);
  }
}

/// By a connection of its own: ours may have been lost.
void OwnerLogin::drop() {
  try {
    drop_role(server_, role_, owner_);
  } catch (const ConnectionLost&) {
    server_ = open_server(target_, {});
    drop_role(server_, role_, owner_);
  }
}

void drop_stale_logins(Connection& server) {
  const Result stale = server.query(
      "SELECT r.rolname, o.rolname FROM pg_catalog.pg_roles r"
      " LEFT JOIN pg_catalog.pg_auth_members m ON m.member = r.oid"
      " LEFT JOIN pg_catalog.pg_roles o ON o.oid = m.roleid"
      " WHERE r.rolname ~ '^pgassay_owner_[0-9a-f]{16}$' AND r.rolvaliduntil < pg_catalog.clock_timestamp()"
      " AND pg_catalog.shobj_description(r.oid, 'pg_authid') = $1"
      " AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_activity a WHERE a.usesysid = r.oid)",
      {kComment});
  for (int row = 0; row < stale.rows(); ++row) {
    try {
      drop_role(server, stale.text(row, 0), stale.text(row, 1));
    } catch (const ServerError&) {
      continue;  // it has something in another database, or another restore was faster
    }
  }
}

}  // namespace pgassay::restore
