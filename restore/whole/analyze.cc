#include "restore/whole/analyze.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <map>
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

/// Statistics of a partitioned table alone come without a look at its partitions' own.
constexpr const char* kTablesThatMayLack = R"(
WITH RECURSIVE foreign_below (oid) AS (
  SELECT c.oid FROM pg_catalog.pg_class c WHERE c.relkind = 'f'
  UNION
  SELECT i.inhparent FROM pg_catalog.pg_inherits i JOIN foreign_below b ON b.oid = i.inhrelid)
SELECT n.nspname, c.relname, c.relkind, c.reltuples::float8,
  c.reltuples < 0 OR n.nspname IN ('pg_catalog', 'information_schema')
  OR (CASE c.relkind WHEN 'p' THEN c.reltuples <> 0 ELSE pg_catalog.pg_relation_size(c.oid) > 0 END AND EXISTS (
    SELECT FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
      AND coalesce(a.attstattarget, -1) <> 0 AND a.attgenerated <> 'v' AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_statistic s WHERE s.starelid = c.oid AND s.staattnum = a.attnum AND s.stainherit = (c.relkind = 'p'))))
  OR (c.relkind <> 'p' AND pg_catalog.pg_relation_size(c.oid) > 0 AND EXISTS (
    SELECT FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid AND i.indexprs IS NOT NULL AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_statistic s WHERE s.starelid = i.indexrelid)))
  OR EXISTS (
    SELECT FROM pg_catalog.pg_statistic_ext e WHERE e.stxrelid = c.oid AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_statistic_ext_data d WHERE d.stxoid = e.oid))
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'm', 'p') AND c.relpersistence <> 't' AND c.oid NOT IN (SELECT b.oid FROM foreign_below b)
ORDER BY c.relkind = 'p' DESC, pg_catalog.pg_relation_size(c.oid) DESC
)";

/// As autovacuum's own settings have it where nobody changed them (autovacuum_analyze_threshold and
/// autovacuum_analyze_scale_factor).
bool outdated(double told, std::uint64_t rows) {
  constexpr double kThreshold = 50, kScaleFactor = 0.1;
  const auto are = static_cast<double>(rows);
  return std::abs(told - are) > kThreshold + kScaleFactor * are;
}

Connection open_session(const ConnInfo& target, std::stop_token stop) {
  Connection connection = Connection::open(target, kRestoreApplication, std::move(stop));
  start_loading_session(connection);
  return connection;
}

void analyze_each(const ConnInfo& target, const std::vector<std::string>& tables, unsigned jobs,
                  std::vector<Note>& notes, const std::stop_token& stop) {
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

}  // namespace

void analyze_database(const ConnInfo& target, unsigned jobs, std::vector<Note>& notes, std::stop_token stop) {
  const Result found = open_session(target, stop).query(kTablesToAnalyze);
  std::vector<std::string> tables;
  for (int row = 0; row < found.rows(); ++row)
    tables.push_back(QualifiedName{found.text(row, 0), found.text(row, 1)}.quoted());
  analyze_each(target, tables, jobs, notes, stop);
}

void analyze_what_lacks(const ConnInfo& target, const Manifest& manifest,
                        const std::set<QualifiedName>& changed, unsigned jobs, std::vector<Note>& notes,
                        std::stop_token stop) {
  std::map<QualifiedName, std::uint64_t> rows;
  for (const Relation& relation : manifest.relations)
    if (relation.kind != 'm' && relation.extension.empty()) rows[relation.name] = relation.digest.rows;
  const Result found = open_session(target, stop).query(kTablesThatMayLack);
  std::vector<std::string> tables;
  for (int row = 0; row < found.rows(); ++row) {
    const QualifiedName name{found.text(row, 0), found.text(row, 1)};
    const auto known = rows.find(name);
    const bool differs = known != rows.end() && outdated(std::stod(found.text(row, 3)), known->second);
    if (!found.boolean(row, 4) && !changed.contains(name) && !differs) continue;
    tables.push_back((found.text(row, 2) == "p" ? "ONLY " : "") + name.quoted());
  }
  analyze_each(target, tables, jobs, notes, stop);
}

}  // namespace pgassay::restore
