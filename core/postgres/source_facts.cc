#include "core/postgres/source_facts.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "core/postgres/releases.h"

namespace pgassay {
namespace {

std::string locale_columns(int version) {
  std::string columns =
      server_has(version, Feature::locale_providers) ? "d.datlocprovider, d.datcollversion, " : "'c', NULL, ";
  columns += server_has(version, Feature::locale_column)       ? "d.datlocale, "
             : server_has(version, Feature::icu_locale_column) ? "d.daticulocale, "
                                                               : "NULL, ";
  return columns + (server_has(version, Feature::icu_rules) ? "d.daticurules " : "NULL ");
}

/// GRANT and REVOKE that turn a fresh database's privileges, which are the defaults, into these. Who granted
/// what is not kept: everything is granted by whoever runs them.
std::vector<std::string> read_grants(Connection& connection) {
  const Result rows = connection.query(
      "SELECT CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(r.rolname) END, "
      "a.privilege_type, "
      "pg_catalog.bool_or(a.is_grantable), a.grantee = d.datdba "
      "FROM pg_catalog.pg_database d, pg_catalog.aclexplode(d.datacl) a "
      "LEFT JOIN pg_catalog.pg_roles r ON r.oid = a.grantee "
      "WHERE d.datname = pg_catalog.current_database() AND (a.grantee = 0 OR r.oid IS NOT NULL) "
      "GROUP BY 1, 2, 4 ORDER BY 4 DESC, 1, 2");
  const Result facts = connection.query(
      "SELECT d.datacl IS NULL, pg_catalog.quote_ident(r.rolname) FROM pg_catalog.pg_database d "
      "JOIN pg_catalog.pg_roles r ON r.oid = d.datdba WHERE d.datname = pg_catalog.current_database()");
  if (facts.rows() == 0 || facts.boolean(0, 0)) return {};
  const std::string owner = facts.text(0, 1);

  std::map<std::string, std::set<std::string>> held;
  for (int row = 0; row < rows.rows(); ++row) held[rows.text(row, 0)].insert(rows.text(row, 1));
  const std::map<std::string, std::set<std::string>> defaults = {{"PUBLIC", {"CONNECT", "TEMPORARY"}},
                                                                 {owner, {"CONNECT", "CREATE", "TEMPORARY"}}};
  std::vector<std::string> statements;
  for (const auto& [grantee, privileges] : defaults) {
    if (held[grantee] != privileges) {
      statements.push_back("REVOKE ALL ON DATABASE :DATABASE: FROM " + grantee);
    }
  }
  for (int row = 0; row < rows.rows(); ++row) {
    const std::string grantee = rows.text(row, 0);
    const bool by_default = defaults.contains(grantee) && held[grantee] == defaults.at(grantee);
    // An owner's grant options are in his ownership.
    const bool with_option = rows.boolean(row, 2) && !rows.boolean(row, 3);
    if (by_default && !with_option) continue;
    statements.push_back("GRANT " + rows.text(row, 1) + " ON DATABASE :DATABASE: TO " + grantee +
                         (with_option ? " WITH GRANT OPTION" : ""));
  }
  return statements;
}

std::vector<DatabaseSetting> read_settings(Connection& connection) {
  const Result rows = connection.query(
      "SELECT coalesce(r.rolname, ''), c.setting FROM pg_catalog.pg_db_role_setting s "
      "JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase "
      "LEFT JOIN pg_catalog.pg_roles r ON r.oid = s.setrole "
      "CROSS JOIN LATERAL pg_catalog.unnest(s.setconfig) WITH ORDINALITY c(setting, position) "
      "WHERE d.datname = pg_catalog.current_database() AND (s.setrole = 0 OR r.oid IS NOT NULL) "
      "ORDER BY s.setrole <> 0, r.rolname, c.position");
  std::vector<DatabaseSetting> settings;
  for (int row = 0; row < rows.rows(); ++row) {
    const std::string setting = rows.text(row, 1);
    const auto equals = setting.find('=');
    if (equals == std::string::npos) continue;
    settings.push_back({rows.text(row, 0), setting.substr(0, equals), setting.substr(equals + 1)});
  }
  return settings;
}

std::string system_identifier(Connection& connection) {
  // Permission is looked at when the query starts, so no CASE in the query could guard it.
  const Result allowed = connection.query(
      "SELECT pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE')");
  if (!allowed.boolean(0, 0)) return {};
  return connection.query("SELECT system_identifier FROM pg_catalog.pg_control_system()").text(0, 0);
}

/// The elements of a list as the server stores it: separated by commas, in double quotes where they need
/// them.
std::vector<std::string> split_list(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
  std::vector<std::string> elements;
  std::size_t at = 0;
  while (at < text.size()) {
    while (at < text.size() && blank(text[at])) ++at;
    std::string element;
    if (at < text.size() && text[at] == '"') {
      for (++at; at < text.size(); ++at) {
        if (text[at] == '"' && (at + 1 >= text.size() || text[++at] != '"')) break;
        element += text[at];
      }
      while (at < text.size() && text[at] != ',') ++at;
    } else {
      const std::size_t end = std::min(text.find(',', at), text.size());
      element = text.substr(at, end - at);
      while (!element.empty() && blank(element.back())) element.pop_back();
      at = end;
    }
    elements.push_back(std::move(element));
    ++at;
  }
  return elements;
}

/// GUC_LIST_QUOTE: PostgreSQL has exactly these, and extensions may not add any.
bool is_quoted_list(std::string_view name) {
  static constexpr std::array<std::string_view, 6> kLists = {
      "local_preload_libraries",  "search_path",      "session_preload_libraries",
      "shared_preload_libraries", "temp_tablespaces", "unix_socket_directories"};
  return std::find(kLists.begin(), kLists.end(), name) != kLists.end();
}

}  // namespace

std::string set_clause(const DatabaseSetting& setting) {
  std::string clause = "SET " + quote_identifier(setting.name) + " TO ";
  if (!is_quoted_list(setting.name)) return clause + quote_literal(setting.value);
  const std::vector<std::string> elements = split_list(setting.value);
  if (elements.empty()) return clause + "''";
  for (const std::string& element : elements) {
    clause += (&element == &elements.front() ? "" : ", ") + quote_literal(element);
  }
  return clause;
}

DatabaseProperties read_database_properties(Connection& connection) {
  const Result row = connection.query(
      "SELECT d.datname, coalesce(r.rolname, ''), pg_catalog.pg_encoding_to_char(d.encoding), d.datcollate, "
      "d.datctype, t.spcname, pg_catalog.shobj_description(d.oid, 'pg_database'), d.datconnlimit, "
      "d.datistemplate, "
      "d.datallowconn, d.oid, " +
      locale_columns(connection.server_version()) +
      "FROM pg_catalog.pg_database d LEFT JOIN pg_catalog.pg_roles r ON r.oid = d.datdba "
      "LEFT JOIN pg_catalog.pg_tablespace t ON t.oid = d.dattablespace "
      "WHERE d.datname = pg_catalog.current_database()");
  if (row.rows() != 1) throw Error("the database has no row in pg_database: " + connection.database());
  DatabaseProperties database;
  database.name = row.text(0, 0);
  database.owner = row.text(0, 1);
  database.encoding = row.text(0, 2);
  database.collate = row.text(0, 3);
  database.ctype = row.text(0, 4);
  database.tablespace = row.text(0, 5);
  database.comment = row.text(0, 6);
  database.connection_limit = row.integer(0, 7);
  database.is_template = row.boolean(0, 8);
  database.allow_connections = row.boolean(0, 9);
  database.oid = row.oid(0, 10);
  database.provider = row.text(0, 11).at(0);
  database.collation_version = row.text(0, 12);
  database.icu_locale = row.text(0, 13);
  database.icu_rules = row.text(0, 14);
  database.grants = read_grants(connection);
  database.settings = read_settings(connection);
  return database;
}

ServerFacts read_server_facts(Connection& connection) {
  const Result row = connection.query(
      "SELECT pg_catalog.pg_is_in_recovery(), "
      // A select and not current_setting(), which is an error for those who may not see it.
      "(SELECT s.setting FROM pg_catalog.pg_settings s WHERE s.name = 'shared_preload_libraries'), "
      "(SELECT reset_val FROM pg_catalog.pg_settings WHERE name = 'lc_monetary'), "
      "pg_catalog.current_setting('data_checksums'), "
      "pg_catalog.current_setting('is_superuser'), "
      "pg_catalog.current_setting('max_locks_per_transaction'), "
      "pg_catalog.current_setting('max_connections'), "
      "pg_catalog.current_setting('max_prepared_transactions'), "
      "pg_catalog.pg_database_size(pg_catalog.current_database()), "
      "pg_catalog.to_char(pg_catalog.timezone('UTC', pg_catalog.clock_timestamp()), "
      "'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), "
      "(SELECT rolname FROM pg_catalog.pg_roles WHERE oid = 10)");
  ServerFacts facts;
  facts.version = connection.server_version();
  facts.version_text = connection.parameter("server_version");
  facts.system_identifier = system_identifier(connection);
  facts.standby = row.boolean(0, 0);
  facts.shared_preload_libraries = row.text(0, 1);
  facts.lc_monetary = row.text(0, 2);
  facts.data_checksums = row.text(0, 3);
  facts.superuser = row.text(0, 4) == "on";
  facts.max_locks_per_transaction = row.integer(0, 5);
  facts.max_connections = row.integer(0, 6);
  facts.max_prepared_transactions = row.integer(0, 7);
  facts.database_bytes = row.unsigned_integer(0, 8);
  facts.clock = parse_rfc3339(row.text(0, 9));
  facts.bootstrap_role = row.text(0, 10);
  return facts;
}

std::vector<ExtensionInfo> list_extensions(Connection& connection) {
  const Result rows = connection.query(
      "SELECT e.extname, n.nspname, e.extversion FROM pg_catalog.pg_extension e "
      "JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace ORDER BY e.extname");
  std::vector<ExtensionInfo> extensions;
  for (int row = 0; row < rows.rows(); ++row) {
    extensions.push_back({rows.text(row, 0), rows.text(row, 1), rows.text(row, 2)});
  }
  return extensions;
}

}  // namespace pgassay
