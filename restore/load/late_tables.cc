#include "restore/load/late_tables.h"

#include <algorithm>
#include <string>

#include "restore/load/callers.h"

namespace pgassay::restore {
namespace {

constexpr const char* kCode = R"(
WITH RECURSIVE
reached (code, classid, objid) AS (
  SELECT 0::oid, 'pg_catalog.pg_proc'::regclass::oid, p.oid
  FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_language l ON l.oid = p.prolang
  WHERE p.oid >= 16384 AND NOT (l.lanname IN ('c', 'internal') AND EXISTS (
    SELECT FROM pg_catalog.pg_depend e
    WHERE e.classid = 'pg_catalog.pg_proc'::regclass AND e.objid = p.oid AND e.deptype = 'e')))";

constexpr const char* kTables = R"(,
tables AS (
  SELECT k.conrelid AS oid FROM reached r JOIN pg_catalog.pg_constraint k ON k.oid = r.objid
    WHERE r.classid = 'pg_catalog.pg_constraint'::regclass AND k.contype = 'c' AND k.conrelid <> 0
  UNION
  SELECT a.attrelid FROM reached r JOIN pg_catalog.pg_attrdef d ON d.oid = r.objid
    JOIN pg_catalog.pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
    WHERE r.classid = 'pg_catalog.pg_attrdef'::regclass AND a.attgenerated <> ''
  UNION
  SELECT r.objid FROM reached r WHERE r.classid = 'pg_catalog.pg_class'::regclass)
SELECT n.nspname, c.relname FROM tables t JOIN pg_catalog.pg_class c ON c.oid = t.oid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p')
)";

}  // namespace

std::set<QualifiedName> find_tables_that_call_code(Connection& connection) {
  const Result rows = connection.query(std::string(kCode) + kCallersOfCode + kTables);
  std::set<QualifiedName> names;
  for (int row = 0; row < rows.rows(); ++row) names.insert({rows.text(row, 0), rows.text(row, 1)});
  return names;
}

std::vector<const Relation*> find_late_tables(Connection& connection, const Manifest& manifest) {
  const std::set<QualifiedName> names = find_tables_that_call_code(connection);
  std::vector<const Relation*> late;
  for (const Relation& relation : manifest.relations) {
    if (!relation.extension.empty() || relation.parts.empty()) continue;
    if (names.contains(relation.name) || (relation.root && names.contains(*relation.root)))
      late.push_back(&relation);
  }
  std::ranges::stable_sort(late, {}, &Relation::name);
  return late;
}

std::set<QualifiedName> find_tables_that_name_objects(Connection& connection) {
  const Result rows = connection.query(R"(
    WITH RECURSIVE within (held, holder) AS (
      SELECT typelem, oid FROM pg_catalog.pg_type WHERE typelem <> 0
      UNION ALL SELECT typbasetype, oid FROM pg_catalog.pg_type WHERE typbasetype <> 0
      UNION ALL SELECT a.atttypid, c.reltype FROM pg_catalog.pg_attribute a
        JOIN pg_catalog.pg_class c ON c.oid = a.attrelid WHERE c.reltype <> 0 AND a.attnum > 0 AND NOT a.attisdropped
      UNION ALL SELECT rngsubtype, rngtypid FROM pg_catalog.pg_range
      UNION ALL SELECT r.rngsubtype, (pg_catalog.to_jsonb(r) ->> 'rngmultitypid')::oid FROM pg_catalog.pg_range r),
    naming (oid) AS (
      SELECT oid FROM pg_catalog.pg_type WHERE typnamespace = 'pg_catalog'::pg_catalog.regnamespace
        AND typname IN ('regclass', 'regproc', 'regprocedure', 'regtype')
      UNION SELECT w.holder FROM naming n JOIN within w ON w.held = n.oid)
    SELECT DISTINCT s.nspname, c.relname FROM naming n
      JOIN pg_catalog.pg_attribute a ON a.atttypid = n.oid AND a.attnum > 0 AND NOT a.attisdropped
      JOIN pg_catalog.pg_class c ON c.oid = a.attrelid AND c.relkind = 'r'
      JOIN pg_catalog.pg_namespace s ON s.oid = c.relnamespace)");
  std::set<QualifiedName> names;
  for (int row = 0; row < rows.rows(); ++row) names.insert({rows.text(row, 0), rows.text(row, 1)});
  return names;
}

}  // namespace pgassay::restore
