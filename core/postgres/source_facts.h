// Facts about a database and its server that no table holds, for preflight, the manifest and CREATE DATABASE.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/postgres/connection.h"

namespace pgassay {

/// Of pg_db_role_setting; the value is the server's own raw text, which ALTER … SET does not always take as
/// it is.
struct DatabaseSetting {
  std::string role;  ///< empty: of the database for every role
  std::string name, value;
};
/// "SET "name" TO …", to follow ALTER DATABASE d or ALTER ROLE r IN DATABASE d. Of the parameters that are
/// lists of names (search_path, …) each element is a literal of its own, as pg_dump writes them; of all
/// others the value is one.
std::string set_clause(const DatabaseSetting& setting);

/// pg_database, as far as CREATE DATABASE and its followers can set it again.
struct DatabaseProperties {
  Oid oid{};  ///< none: an older backup
  std::string name, owner, encoding, collate, ctype;
  char provider = 'c';  ///< c libc, i ICU, b builtin
  /// icu_locale: of providers i and b.
  std::string icu_locale, icu_rules, collation_version, tablespace, comment;
  /// "GRANT …" and "REVOKE …" that turn a new database's privileges into these; the database is written as
  /// :DATABASE: and is to be replaced by its quoted name. None: the defaults.
  std::vector<std::string> grants;
  std::vector<DatabaseSetting> settings;
  std::int64_t connection_limit = -1;
  bool is_template = false, allow_connections = true;
};
DatabaseProperties read_database_properties(Connection& connection);

struct ServerFacts {
  int version = 0;
  std::string version_text;       ///< "15.20 (Debian 15.20-0+deb12u1)"
  std::string system_identifier;  ///< empty when we may not read pg_control_system()
  bool standby = false;
  std::string shared_preload_libraries, lc_monetary, data_checksums;
  bool superuser = false;  ///< are we
  std::string
      bootstrap_role;  ///< that initdb made (OID 10); empty: not known, by a manifest of before it was kept
  std::int64_t max_locks_per_transaction = 0, max_connections = 0, max_prepared_transactions = 0;
  std::uint64_t database_bytes = 0;  ///< pg_database_size()
  Time clock;
};
ServerFacts read_server_facts(Connection& connection);

struct ExtensionInfo {
  std::string name, schema, version;
};
std::vector<ExtensionInfo> list_extensions(Connection& connection);

}  // namespace pgassay
