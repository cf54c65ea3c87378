// Facts about a database and its server that no table holds, for preflight, the manifest and CREATE DATABASE.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/postgres/connection.h"

namespace pgassay {

struct DatabaseSetting {
  std::string role;  ///< empty: of the database for every role
  std::string name, value;
};

/// pg_database, as far as CREATE DATABASE and its followers can set it again.
struct DatabaseProperties {
  std::string name, owner, encoding, collate, ctype;
  char provider = 'c';            ///< c libc, i ICU, b builtin
  std::string icu_locale, icu_rules, collation_version, tablespace, comment;
  std::vector<std::string> grants;  ///< "GRANT …" and "REVOKE …" with the name written as :DATABASE:
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
  bool superuser = false;         ///< are we
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
