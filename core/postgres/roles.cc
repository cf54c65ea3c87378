#include "core/postgres/roles.h"

#include <map>

#include "core/postgres/releases.h"

namespace pgassay {
namespace {

/// pg_dumpall leaves out the same ones.
constexpr const char* kMemberships =
    " FROM pg_catalog.pg_auth_members m JOIN pg_catalog.pg_roles g ON g.oid = m.roleid"
    " JOIN pg_catalog.pg_roles r ON r.oid = m.member LEFT JOIN pg_catalog.pg_roles b ON b.oid = m.grantor"
    " WHERE NOT (pg_catalog.starts_with(g.rolname::pg_catalog.text, 'pg_')"
    " AND pg_catalog.starts_with(r.rolname::pg_catalog.text, 'pg_'))";

using Roles = std::map<std::string, RoleFacts>;

void read_attributes(Connection& connection, Roles& roles) {
  constexpr const char* kWords[] = {"superuser", "createdb",    "createrole", "inherit",
                                    "login",     "replication", "bypassrls"};
  const Result rows = connection.query(
      "SELECT r.rolname, r.rolsuper, r.rolcreatedb, r.rolcreaterole, r.rolinherit, r.rolcanlogin, "
      "r.rolreplication, r.rolbypassrls, r.rolconnlimit, pg_catalog.timezone('UTC', r.rolvaliduntil), "
      "pg_catalog.shobj_description(r.oid, 'pg_authid') FROM pg_catalog.pg_roles r "
      "WHERE NOT pg_catalog.starts_with(r.rolname::pg_catalog.text, 'pg_') OR r.oid IN (SELECT m.member" +
      std::string(kMemberships) + ")");
  for (int row = 0; row < rows.rows(); ++row) {
    RoleFacts& role = roles[rows.text(row, 0)];
    role.name = rows.text(row, 0);
    int column = 1;
    for (const char* word : kWords)
      if (rows.boolean(row, column++)) role.attributes.emplace_back(word);
    role.connection_limit = rows.integer(row, 8);
    role.valid_until = rows.text(row, 9);
    role.comment = rows.text(row, 10);
  }
}

void read_memberships(Connection& connection, Roles& roles) {
  const bool options = server_has(connection.server_version(), Feature::membership_options);
  const Result rows = connection.query(std::string("SELECT r.rolname, g.rolname, m.admin_option") +
                                       (options ? ", b.rolname, m.inherit_option, m.set_option" : "") +
                                       kMemberships + " ORDER BY r.rolname, g.rolname, b.rolname");
  for (int row = 0; row < rows.rows(); ++row) {
    const auto role = roles.find(rows.text(row, 0));
    if (role == roles.end()) continue;  // it came between the two queries
    Membership membership{rows.text(row, 1), rows.boolean(row, 2), {}};
    if (options) membership.options = {rows.text(row, 3), rows.boolean(row, 4), rows.boolean(row, 5)};
    role->second.member_of.push_back(std::move(membership));
  }
}

void read_settings_of_roles(Connection& connection, Roles& roles) {
  const Result rows = connection.query(
      "SELECT r.rolname, c.setting FROM pg_catalog.pg_roles r CROSS JOIN LATERAL "
      "pg_catalog.unnest(r.rolconfig) c(setting) ORDER BY r.rolname, c.setting");
  for (int row = 0; row < rows.rows(); ++row) {
    const auto role = roles.find(rows.text(row, 0));
    const std::string setting = rows.text(row, 1);
    const auto equals = setting.find('=');
    if (role == roles.end() || equals == std::string::npos) continue;
    role->second.settings.push_back({setting.substr(0, equals), setting.substr(equals + 1)});
  }
}

/// The grantor is the superuser of initdb for all but those who got it WITH GRANT OPTION.
void read_parameters(Connection& connection, Roles& roles) {
  if (!server_has(connection.server_version(), Feature::parameter_privileges)) return;
  for (auto& [name, role] : roles) role.parameters.emplace();
  const Result rows = connection.query(
      "SELECT coalesce(r.rolname, g.rolname), pg_catalog.concat(a.privilege_type, ' on ', p.parname,"
      " CASE WHEN r.oid IS NULL THEN ' to PUBLIC' END, CASE WHEN a.is_grantable THEN ' with grant option' "
      "END)"
      " FROM pg_catalog.pg_parameter_acl p CROSS JOIN LATERAL pg_catalog.aclexplode(p.paracl) a"
      " JOIN pg_catalog.pg_roles g ON g.oid = a.grantor LEFT JOIN pg_catalog.pg_roles r ON r.oid = a.grantee"
      " WHERE a.grantee <> a.grantor AND (a.grantee = 0 OR r.oid IS NOT NULL) ORDER BY 1, 2");
  for (int row = 0; row < rows.rows(); ++row)
    if (const auto role = roles.find(rows.text(row, 0)); role != roles.end())
      role->second.parameters->push_back(rows.text(row, 1));
}

}  // namespace

std::vector<RoleFacts> read_roles(Connection& connection) {
  Roles roles;
  read_attributes(connection, roles);
  read_memberships(connection, roles);
  read_settings_of_roles(connection, roles);
  read_parameters(connection, roles);
  std::vector<RoleFacts> all;
  for (auto& [name, role] : roles) all.push_back(std::move(role));
  return all;
}

}  // namespace pgassay
