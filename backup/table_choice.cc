#include "backup/table_choice.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/postgres/name_pattern.h"
#include "core/postgres/releases.h"

namespace pgassay::backup {
namespace {

/// The types that a column's values hold, in whatever depth. Arrays and rows name the types of their elements
/// by oid in the binary form; from 10000 on (FirstGenbkiObjectId) an oid is another one in another database
/// or release.
constexpr std::string_view kUnfit = R"(
WITH RECURSIVE held (relid, attnum, type, named) AS (
  SELECT a.attrelid, a.attnum, a.atttypid, false FROM pg_catalog.pg_attribute a
  WHERE a.attrelid = ANY ($1::pg_catalog.oid[]) AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
 UNION
  SELECT h.relid, h.attnum, inner_type.oid, inner_type.named
  FROM held h JOIN pg_catalog.pg_type t ON t.oid = h.type CROSS JOIN LATERAL (
    SELECT t.typbasetype, false WHERE t.typtype = 'd'
   UNION ALL SELECT t.typelem, true WHERE t.typelem <> 0 AND t.typlen = -1
   UNION ALL SELECT a.atttypid, true FROM pg_catalog.pg_attribute a
    WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
   UNION ALL SELECT r.rngsubtype, false FROM pg_catalog.pg_range r WHERE $RANGE) AS inner_type (oid, named))
SELECT DISTINCT ON (a.attrelid, a.attnum) a.attrelid, a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod),
  CASE WHEN t.typsend::pg_catalog.oid = 0 OR t.typreceive::pg_catalog.oid = 0
       THEN pg_catalog.format_type(t.oid, NULL) || ' has no binary form'
       ELSE 'in binary it holds an oid of this database' END
FROM held h JOIN pg_catalog.pg_type t ON t.oid = h.type
JOIN pg_catalog.pg_attribute a ON a.attrelid = h.relid AND a.attnum = h.attnum
WHERE t.typsend::pg_catalog.oid = 0 OR t.typreceive::pg_catalog.oid = 0 OR (h.named AND t.oid >= 10000)
  OR (t.typnamespace = 'pg_catalog'::pg_catalog.regnamespace AND t.typtype = 'b' AND t.typname LIKE 'reg%')
ORDER BY a.attrelid, a.attnum, 4 DESC
)";

const std::string* fits_above(NamePatterns& patterns, const TableInfo& table,
                              const std::map<Oid, const TableInfo*>& partitioned) {
  const std::string* pattern = patterns.fits(table.name);
  for (auto above = partitioned.find(table.parent); pattern == nullptr && above != partitioned.end();
       above = partitioned.find(above->second->parent)) {
    pattern = patterns.fits(above->second->name);
  }
  return pattern;
}

}  // namespace

TableChoice choose_tables(const std::vector<TableInfo>& tables, const TableOptions& options) {
  TableChoice choice;
  NamePatterns exclude(options.exclude), binary(options.binary);
  std::map<Oid, const TableInfo*> partitioned;
  for (const TableInfo& table : tables) {
    if (table.kind == 'p') partitioned[table.oid] = &table;
  }
  std::set<Oid> binary_trees;
  const auto tree_of = [](const TableInfo& table) {
    return table.root == Oid::none ? table.oid : table.root;
  };
  for (const TableInfo& table : tables) {
    if (const std::string* pattern = fits_above(exclude, table, partitioned))
      choice.excluded[table.oid] = *pattern;
    if (binary.fits(table.name) != nullptr) binary_trees.insert(tree_of(table));
  }
  for (const TableInfo& table : tables) {
    const bool rows = table.kind == 'r' || table.kind == 'p';
    if (rows && binary_trees.contains(tree_of(table)) && !choice.excluded.contains(table.oid))
      choice.binary.insert(table.oid);
  }
  choice.unused = {exclude.unused(), binary.unused()};
  return choice;
}

std::vector<std::string> unfit_for_binary(Connection& connection, const std::vector<TableInfo>& tables,
                                          const TableChoice& choice) {
  std::map<Oid, const TableInfo*> looked_at;
  std::string oids;
  for (const TableInfo& table : tables) {
    // Partitions have their root's columns.
    if (table.root != Oid::none || !choice.binary.contains(table.oid)) continue;
    looked_at[table.oid] = &table;
    oids += (oids.empty() ? "" : ",") + to_string(table.oid);
  }
  std::vector<std::string> unfit;
  if (oids.empty()) return unfit;
  std::string sql(kUnfit);
  constexpr std::string_view kRange = "$RANGE";
  sql.replace(sql.find(kRange), kRange.size(),
              server_has(connection.server_version(), Feature::multiranges)
                  ? "t.oid IN (r.rngtypid, r.rngmultitypid)"
                  : "t.oid = r.rngtypid");
  const Result rows = connection.query(sql, {"{" + oids + "}"});
  for (int row = 0; row < rows.rows(); ++row)
    unfit.push_back(fmt::format("{}.{} ({}: {})", looked_at.at(rows.oid(row, 0))->name.shown(),
                                rows.text(row, 1), rows.text(row, 2), rows.text(row, 3)));
  return unfit;
}

}  // namespace pgassay::backup
