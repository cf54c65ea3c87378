#include "restore/load/late_tables.h"

#include <algorithm>

namespace pgassay::restore {
namespace {

/// Goes from the functions to whatever calls them. pg_depend has no row for built-in functions, and says of a
/// domain's constraint that it needs the domain, not the other way round.
constexpr const char* kCallers = R"(
WITH RECURSIVE
code AS (
  SELECT p.oid FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_language l ON l.oid = p.prolang
  WHERE p.oid >= 16384 AND NOT (l.lanname IN ('c', 'internal') AND EXISTS (
    SELECT FROM pg_catalog.pg_depend e
    WHERE e.classid = 'pg_catalog.pg_proc'::regclass AND e.objid = p.oid AND e.deptype = 'e'))),
reached (classid, objid) AS (
  SELECT 'pg_catalog.pg_proc'::regclass::oid, oid FROM code
  UNION
  SELECT caller.classid, caller.objid FROM reached r CROSS JOIN LATERAL (
    SELECT d.classid, d.objid FROM pg_catalog.pg_depend d
    WHERE d.refclassid = r.classid AND d.refobjid = r.objid AND CASE
      WHEN r.classid = 'pg_catalog.pg_class'::regclass
        THEN d.classid = 'pg_catalog.pg_type'::regclass AND d.deptype = 'i'
      WHEN r.classid = 'pg_catalog.pg_constraint'::regclass OR r.classid = 'pg_catalog.pg_attrdef'::regclass THEN false
      ELSE d.deptype IN ('n', 'a', 'i') AND d.classid IN ('pg_catalog.pg_operator'::regclass,
        'pg_catalog.pg_type'::regclass, 'pg_catalog.pg_constraint'::regclass, 'pg_catalog.pg_attrdef'::regclass,
        'pg_catalog.pg_class'::regclass) END
    UNION ALL
    SELECT 'pg_catalog.pg_type'::regclass, k.contypid FROM pg_catalog.pg_constraint k
    WHERE r.classid = 'pg_catalog.pg_constraint'::regclass AND k.oid = r.objid AND k.contypid <> 0) caller),
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
  const Result rows = connection.query(kCallers);
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

bool names_relations(const Relation& relation) {
  return std::ranges::any_of(
      relation.types, [](const std::string& type) { return type == "regclass" || type == "regclass[]"; });
}

}  // namespace pgassay::restore
