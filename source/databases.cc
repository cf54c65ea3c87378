#include "source/databases.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "core/postgres/maintenance.h"
#include "core/postgres/name_pattern.h"
#include "core/postgres/session.h"
#include "core/system/error.h"
#include "core/system/subprocess.h"
#include "source/application_name.h"

namespace pgassay::source {
namespace {

/// Objects of initdb have lower OIDs (FirstNormalObjectId in access/transam.h).
constexpr const char* kHasObjectsOfUsers =
    "SELECT EXISTS (SELECT FROM pg_catalog.pg_class WHERE oid >= 16384)"
    " OR EXISTS (SELECT FROM pg_catalog.pg_proc WHERE oid >= 16384)"
    " OR EXISTS (SELECT FROM pg_catalog.pg_type WHERE oid >= 16384)"
    " OR EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE oid >= 16384)"
    " OR EXISTS (SELECT FROM pg_catalog.pg_extension WHERE oid >= 16384)";

bool has_objects_of_users(const ConnInfo& server, const std::string& database, const std::stop_token& stop) {
  try {
    Connection connection = Connection::open(server.with_database(database), kApplicationName, stop);
    start_reading_session(connection);
    return connection.query(kHasObjectsOfUsers).boolean(0, 0);
  } catch (const Error& error) {
    error.raise_if(ErrorKind::stopped);
    return false;  // whoever may not look there may not back it up either
  }
}

bool fits_any(const std::vector<std::string>& patterns, const std::string& database) {
  return std::ranges::any_of(patterns,
                             [&](const std::string& pattern) { return fits_glob(pattern, database); });
}

}  // namespace

DatabaseList list_databases(const ConnInfo& info, std::stop_token stop) {
  const ConnInfo server = maintenance_database(info, kApplicationName, stop);
  Connection connection = Connection::open(server, kApplicationName, stop);
  start_reading_session(connection);
  // DROP DATABASE that was interrupted leaves a limit of -2:
  // https://www.postgresql.org/docs/16/release-16.html
  const Result result = connection.query(
      "SELECT datname, datallowconn, datistemplate, datconnlimit = -2 FROM pg_catalog.pg_database"
      " WHERE datname <> 'template0' ORDER BY datname");
  DatabaseList list;
  for (int row = 0; row < result.rows(); ++row) {
    const std::string name = result.text(row, 0), quoted = quote_identifier(name);
    if (result.boolean(row, 3))
      list.aside.push_back(
          {name, "a DROP DATABASE of it was interrupted", "DROP DATABASE " + quoted + ";", true});
    else if (!result.boolean(row, 1))
      list.aside.push_back({name, "it is closed (ALLOW_CONNECTIONS false)",
                            "ALTER DATABASE " + quoted + " ALLOW_CONNECTIONS true; or exclude it"});
    else if (!result.boolean(row, 2))
      list.open.push_back(name);
    else if (has_objects_of_users(server, name, stop))
      list.aside.push_back({name, "it is a template, and holds objects of users",
                            fmt::format("pgassay backup -d {}, or exclude it", shell_word(name))});
  }
  return list;
}

DatabaseList without_excluded(const DatabaseList& databases, const std::vector<std::string>& patterns,
                              Observer& observer) {
  DatabaseList left;
  std::vector<bool> used(patterns.size());
  const auto is_excluded = [&](const std::string& database) {
    bool excluded = false;
    for (std::size_t i = 0; i < patterns.size(); ++i) {
      if (!fits_glob(patterns[i], database)) continue;
      if (!excluded)
        observer.message(Level::info,
                         fmt::format("left out: database {}, by the pattern {}", database, patterns[i]));
      used[i] = excluded = true;
    }
    return excluded;
  };
  for (const std::string& database : databases.open)
    if (!is_excluded(database)) left.open.push_back(database);
  for (const LeftAside& one : databases.aside) {
    if (is_excluded(one.database)) continue;
    observer.message(Level::warning, fmt::format("left out: database {}: {}", one.database, one.why),
                     one.hint);
    left.aside.push_back(one);
  }
  for (std::size_t i = 0; i < patterns.size(); ++i)
    if (!used[i])
      observer.message(Level::warning, fmt::format("excluded database {}: no database fits", patterns[i]),
                       "patterns are names with * and ?");
  if (left.open.empty())
    throw UsageError(
        databases.open.empty() ? "the server has no database but templates"
                               : fmt::format("all {} databases are excluded", databases.open.size()),
        databases.open.empty() ? "create one, or name another server with --dbname"
                               : "see --exclude-database, and exclude_databases in the configuration");
  return left;
}

std::vector<LeftAside> out_of_reach(const DatabaseList& databases, const std::vector<std::string>& patterns,
                                    const Repository& repository, const std::string& source) {
  std::map<std::string, std::size_t> backups;
  for (const Backup& backup : repository.list({source, ""})) ++backups[backup.id.database];
  std::vector<LeftAside> missing;
  for (const auto& [database, count] : backups) {
    const bool is_open = std::ranges::find(databases.open, database) != databases.open.end();
    if (is_open || fits_any(patterns, database)) continue;
    const auto aside = std::ranges::find(databases.aside, database, &LeftAside::database);
    if (aside != databases.aside.end() && aside->half_dropped) continue;
    const bool gone = aside == databases.aside.end();
    missing.push_back(
        {database,
         fmt::format("it has {} backups and can't be backed up any more: {}", count,
                     gone ? "the server has no such database" : aside->why),
         gone ? fmt::format("was it dropped, or renamed? If that is as it should be: exclude_databases = "
                            "[\"{}\"], or --exclude-database",
                            database)
              : aside->hint});
  }
  return missing;
}

}  // namespace pgassay::source
