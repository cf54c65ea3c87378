#include "restore/load/owner_code.h"

#include <optional>

#include "core/postgres/types.h"
#include "restore/load/callers.h"

namespace pgassay::restore {
namespace {

/// An expression names the functions it calls by their oids, built-in ones too. Those of the server and of
/// extensions are taken for harmless where they are not volatile, but for those that run a query.
constexpr const char* kOwnersCode = R"(
WITH RECURSIVE
expressions (classid, objid, owner, nodes) AS (
  SELECT 'pg_catalog.pg_constraint'::regclass::oid, k.oid, coalesce(c.relowner, t.typowner), k.conbin::text
  FROM pg_catalog.pg_constraint k LEFT JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
  LEFT JOIN pg_catalog.pg_type t ON t.oid = k.contypid WHERE k.contype = 'c'
  UNION ALL
  SELECT 'pg_catalog.pg_attrdef'::regclass, d.oid, c.relowner, d.adbin::text
  FROM pg_catalog.pg_attrdef d JOIN pg_catalog.pg_class c ON c.oid = d.adrelid
  UNION ALL
  SELECT 'pg_catalog.pg_class'::regclass, i.indexrelid, c.relowner, pg_catalog.concat(i.indexprs::text, i.indpred::text)
  FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indrelid
  WHERE i.indexprs IS NOT NULL OR i.indpred IS NOT NULL
  UNION ALL
  SELECT 'pg_catalog.pg_class'::regclass, p.partrelid, c.relowner, p.partexprs::text
  FROM pg_catalog.pg_partitioned_table p JOIN pg_catalog.pg_class c ON c.oid = p.partrelid
  WHERE p.partexprs IS NOT NULL),
reached (code, classid, objid) AS (
  SELECT p.oid, 'pg_catalog.pg_proc'::regclass::oid, p.oid
  FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_roles r ON r.oid = p.proowner
  JOIN pg_catalog.pg_language l ON l.oid = p.prolang
  WHERE NOT r.rolsuper AND l.lanname NOT IN ('c', 'internal')
  UNION
  SELECT p.oid, e.classid, e.objid
  FROM expressions e JOIN pg_catalog.pg_roles r ON r.oid = e.owner AND NOT r.rolsuper
  CROSS JOIN LATERAL pg_catalog.regexp_matches(e.nodes, ':(?:funcid|opfuncid) (\d+)', 'g') m
  JOIN pg_catalog.pg_proc p ON p.oid = m[1]::oid JOIN pg_catalog.pg_language l ON l.oid = p.prolang
  WHERE l.lanname IN ('c', 'internal') AND (p.provolatile = 'v' OR p.proname LIKE '%\_to\_xml%')
    AND p.proname NOT IN ('nextval', 'random', 'clock_timestamp', 'timeofday', 'gen_random_uuid'))";

/// Whoever attaches, or loads by the root, computes the keys of the partitioned tables above.
constexpr const char* kTheirTables = R"(,
found (oid, kind, code) AS (
  SELECT DISTINCT coalesce(k.conrelid, d.adrelid, i.indrelid, r.objid),
    CASE WHEN d.oid IS NOT NULL AND a.attgenerated = '' THEN 'default' WHEN i.indexrelid IS NOT NULL THEN 'index' ELSE 'rule' END,
    r.code
  FROM reached r
  LEFT JOIN pg_catalog.pg_constraint k ON r.classid = 'pg_catalog.pg_constraint'::regclass AND k.oid = r.objid AND k.conrelid <> 0
  LEFT JOIN pg_catalog.pg_attrdef d ON r.classid = 'pg_catalog.pg_attrdef'::regclass AND d.oid = r.objid
  LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
  LEFT JOIN pg_catalog.pg_index i ON r.classid = 'pg_catalog.pg_class'::regclass AND i.indexrelid = r.objid
  WHERE coalesce(k.oid, d.oid) IS NOT NULL OR r.classid = 'pg_catalog.pg_class'::regclass),
below (oid, kind, code) AS (
  SELECT * FROM found
  UNION SELECT i.inhrelid, b.kind, b.code FROM below b JOIN pg_catalog.pg_inherits i ON i.inhparent = b.oid
    JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid AND c.relispartition)
SELECT n.nspname, c.relname, o.rolname, o.rolsuper, b.code
FROM pg_catalog.unnest($1::text[]) wanted (shown) JOIN pg_catalog.pg_class c ON c.oid = pg_catalog.to_regclass(wanted.shown)
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace JOIN pg_catalog.pg_roles o ON o.oid = c.relowner
LEFT JOIN LATERAL (SELECT DISTINCT b.code::pg_catalog.regprocedure::text FROM below b
  WHERE b.oid = c.oid AND (b.kind = 'rule' OR (b.kind = 'index' AND $2::bool) OR (b.kind = 'default' AND $3::bool))) b ON true
ORDER BY 1, 2, 5)";

constexpr const char* kTheirRules = R"(
SELECT pg_catalog.format('%I on %I.%I', k.conname, n.nspname, coalesce(c.relname, t.typname)), o.rolname, o.rolsuper,
  r.code::pg_catalog.regprocedure
FROM (SELECT DISTINCT objid, code FROM reached WHERE classid = 'pg_catalog.pg_constraint'::regclass) r
JOIN pg_catalog.pg_constraint k ON k.oid = r.objid AND k.contype = 'c'
LEFT JOIN pg_catalog.pg_class c ON c.oid = k.conrelid LEFT JOIN pg_catalog.pg_type t ON t.oid = k.contypid
JOIN pg_catalog.pg_namespace n ON n.oid = coalesce(c.relnamespace, t.typnamespace)
JOIN pg_catalog.pg_roles o ON o.oid = coalesce(c.relowner, t.typowner) ORDER BY 1, 4)";

constexpr const char* kTheirDomains = R"(
SELECT DISTINCT n.nspname, t.typname, r.code::pg_catalog.regprocedure::text FROM reached r
JOIN pg_catalog.pg_constraint k ON r.classid = 'pg_catalog.pg_constraint'::regclass AND k.oid = r.objid
JOIN pg_catalog.pg_type t ON t.oid = k.contypid JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace ORDER BY 1, 2, 3)";

/// Its cost is thought so high that the server would take seconds to compile it.
Result asked(Connection& connection, const char* what,
             const std::vector<std::optional<std::string>>& parameters = {}) {
  connection.query("SET jit = off");
  const std::string sql = std::string(kOwnersCode) + kCallersOfCode + what;
  return parameters.empty() ? connection.query(sql) : connection.query(sql, parameters);
}

}  // namespace

std::vector<TableOfOwner> find_tables_of_owners(Connection& connection,
                                                const std::vector<QualifiedName>& tables, CodeOf which,
                                                bool defaults) {
  std::vector<std::string> names;
  for (const QualifiedName& table : tables) names.push_back(table.quoted());
  const Result rows = asked(
      connection, kTheirTables,
      {text_array(names), which == CodeOf::and_indexes ? "true" : "false", defaults ? "true" : "false"});
  std::vector<TableOfOwner> found;
  for (int row = 0; row < rows.rows(); ++row) {
    QualifiedName table{rows.text(row, 0), rows.text(row, 1)};
    if (found.empty() || found.back().table != table)
      found.push_back({std::move(table), rows.text(row, 2), rows.boolean(row, 3), {}});
    if (!rows.null(row, 4)) found.back().code.push_back(rows.text(row, 4));
  }
  return found;
}

std::map<QualifiedName, std::vector<std::string>> find_domains_of_owners(Connection& connection) {
  const Result rows = asked(connection, kTheirDomains);
  std::map<QualifiedName, std::vector<std::string>> found;
  for (int row = 0; row < rows.rows(); ++row)
    found[{rows.text(row, 0), rows.text(row, 1)}].push_back(rows.text(row, 2));
  return found;
}

std::map<std::string, TableOfOwner> find_rules_of_owners(Connection& connection) {
  const Result rows = asked(connection, kTheirRules);
  std::map<std::string, TableOfOwner> found;
  for (int row = 0; row < rows.rows(); ++row) {
    TableOfOwner& of = found[rows.text(row, 0)];
    of.owner = rows.text(row, 1);
    of.owner_is_superuser = rows.boolean(row, 2);
    of.code.push_back(rows.text(row, 3));
  }
  return found;
}

bool is_superusers_session(Connection& connection) {
  return connection.query("SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = SESSION_USER")
      .boolean(0, 0);
}

}  // namespace pgassay::restore
