#include "backup/databases.h"

#include <cstdlib>

#include "backup/backup.h"
#include "core/postgres/session.h"

namespace pgassay {

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

}  // namespace pgassay
