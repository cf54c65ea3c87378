#include "restore/whole/analyze.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <mutex>

#include "core/postgres/session.h"
#include "core/system/cancellation.h"
#include "restore/application_name.h"

namespace pgassay::restore {
namespace {

/// ANALYZE goes down from a parent by itself.
constexpr const char* kTablesToAnalyze = R"(
WITH RECURSIVE foreign_below (oid) AS (
  SELECT c.oid FROM pg_catalog.pg_class c WHERE c.relkind = 'f'
  UNION
  SELECT i.inhparent FROM pg_catalog.pg_inherits i JOIN foreign_below b ON b.oid = i.inhrelid)
SELECT n.nspname, c.relname
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'm', 'p') AND c.relpersistence <> 't' AND c.oid NOT IN (SELECT b.oid FROM foreign_below b)
  AND (NOT c.relispartition OR EXISTS (
    SELECT FROM pg_catalog.pg_inherits i JOIN foreign_below b ON b.oid = i.inhparent WHERE i.inhrelid = c.oid))
ORDER BY c.relkind = 'p' DESC, pg_catalog.pg_relation_size(c.oid) DESC
)";

Connection open_session(const ConnInfo& target, std::stop_token stop) {
  Connection connection = Connection::open(target, kRestoreApplication, std::move(stop));
  start_loading_session(connection);
  return connection;
}

}  // namespace

void analyze_database(const ConnInfo& target, unsigned jobs, std::vector<Note>& notes, std::stop_token stop) {
  const Result found = open_session(target, stop).query(kTablesToAnalyze);
  std::vector<std::string> tables;
  for (int row = 0; row < found.rows(); ++row)
    tables.push_back(QualifiedName{found.text(row, 0), found.text(row, 1)}.quoted());
  std::vector<ServerError> failed;
  std::mutex mutex;
  std::atomic<std::size_t> next = 0;
  const auto workers = static_cast<unsigned>(std::min<std::size_t>(tables.size(), std::max(1U, jobs)));
  run_workers("analyze", workers, stop, [&](unsigned, std::stop_token inner) {
    Connection connection = open_session(target, inner);
    for (std::size_t index = next++; index < tables.size(); index = next++) {
      try {
        connection.query("ANALYZE " + tables[index]);
      } catch (const ServerError& error) {
        const std::lock_guard guard(mutex);
        failed.push_back(error);
      }
    }
  });
  if (!failed.empty())
    notes.push_back({NoteKind::analyze,
                     {},
                     failed.front().sqlstate(),
                     fmt::format("ANALYZE failed for {} tables; run it again: {}", failed.size(),
                                 failed.front().what())});
}

}  // namespace pgassay::restore
