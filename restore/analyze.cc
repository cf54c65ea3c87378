#include "restore/analyze.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <mutex>

#include "core/postgres/session.h"
#include "core/system/cancellation.h"

namespace pgassay {
namespace {

constexpr const char* kApplicationName = "pgassay restore";

/// What a plain ANALYZE takes, but for foreign tables and the parents of such: for those it would go to the
/// other server, where a restored copy has no business, and one that can't be reached would end it. ANALYZE
/// goes down from a parent by itself. Largest first.
constexpr const char* kTables = R"(
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

Connection open(const ConnInfo& target, std::stop_token stop) {
  Connection connection = Connection::open(target, kApplicationName, std::move(stop));
  start_loading_session(connection);
  return connection;
}

}  // namespace

void analyze_tables(const ConnInfo& target, unsigned jobs, std::vector<std::string>& notes,
                    Observer& observer, std::stop_token stop) {
  const Result tables = open(target, stop).query(kTables);
  const auto count = static_cast<unsigned>(tables.rows());
  if (count == 0) return;
  observer.plan(count, 0);
  std::atomic<int> next = 0;
  std::mutex mutex;
  std::vector<std::string> failed;
  run_workers(std::clamp(jobs, 1U, count), stop, [&](unsigned worker, std::stop_token inner) {
    Connection connection = open(target, inner);
    for (int row = next++; row < tables.rows(); row = next++) {
      const QualifiedName name{tables.text(row, 0), tables.text(row, 1)};
      observer.part_started(worker, name.shown());
      try {
        connection.query("ANALYZE " + name.quoted());
      } catch (const ServerError& error) {
        const std::lock_guard guard(mutex);
        failed.emplace_back(error.what());
      }
      observer.part_finished(worker, name.shown());
    }
  });
  if (failed.empty()) return;
  notes.push_back(
      fmt::format("ANALYZE failed for {} tables; run it again: {}", failed.size(), failed.front()));
}

}  // namespace pgassay
