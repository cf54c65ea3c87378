#include "source/databases.h"

#include <fmt/format.h>

#include <cstdlib>

#include "core/postgres/name_pattern.h"
#include "core/postgres/session.h"
#include "core/system/error.h"
#include "source/application_name.h"

namespace pgassay::source {

std::vector<std::string> list_databases(const ConnInfo& info, std::stop_token stop) {
  const bool named = info.parameters.contains("dbname") || info.parameters.contains("service") ||
                     std::getenv("PGDATABASE") || std::getenv("PGSERVICE");
  Connection connection =
      Connection::open(named ? info : info.with_database("postgres"), kApplicationName, stop);
  start_reading_session(connection);
  const Result result = connection.query(
      "SELECT datname FROM pg_catalog.pg_database WHERE datallowconn AND NOT datistemplate ORDER BY datname");
  std::vector<std::string> names;
  for (int row = 0; row < result.rows(); ++row) names.push_back(result.text(row, 0));
  return names;
}

std::vector<std::string> without_excluded(const std::vector<std::string>& databases,
                                          const std::vector<std::string>& patterns, Observer& observer) {
  std::vector<std::string> left;
  std::vector<bool> used(patterns.size());
  for (const std::string& database : databases) {
    bool excluded = false;
    for (std::size_t i = 0; i < patterns.size(); ++i) {
      if (!fits_glob(patterns[i], database)) continue;
      if (!excluded)
        observer.message(Level::info,
                         fmt::format("left out: database {}, by the pattern {}", database, patterns[i]));
      used[i] = excluded = true;
    }
    if (!excluded) left.push_back(database);
  }
  for (std::size_t i = 0; i < patterns.size(); ++i)
    if (!used[i])
      observer.message(Level::warning, fmt::format("excluded database {}: no database fits", patterns[i]),
                       "patterns are names with * and ?");
  if (left.empty())
    throw UsageError(databases.empty() ? "the server has no database but templates"
                                       : fmt::format("all {} databases are excluded", databases.size()),
                     databases.empty()
                         ? "create one, or name another server with --dbname"
                         : "see --exclude-database, and exclude_databases in the configuration");
  return left;
}

}  // namespace pgassay::source
