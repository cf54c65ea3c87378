#include "restore/analyze.h"

#include <fmt/format.h>

namespace pgassay {
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
)";

}  // namespace

void analyze_database(Connection& connection, std::vector<std::string>& notes) {
  const Result tables = connection.query(kTablesToAnalyze);
  std::vector<std::string> failed;
  for (int row = 0; row < tables.rows(); ++row) {
    try {
      connection.query("ANALYZE " + QualifiedName{tables.text(row, 0), tables.text(row, 1)}.quoted());
    } catch (const ServerError& error) {
      failed.emplace_back(error.what());
    }
  }
  if (!failed.empty())
    notes.push_back(
        fmt::format("ANALYZE failed for {} tables; run it again: {}", failed.size(), failed.front()));
}

}  // namespace pgassay
