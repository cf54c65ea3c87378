#include "restore/tables/live_checks.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/postgres/types_within.h"

namespace pgassay::restore {
namespace {

/// $AGE holds for a row that this transaction, or a part of it, has written.
constexpr const char* kWithPrivileges = R"(
SELECT * FROM (
  SELECT 'pg_class', c.oid, c.xmin, CASE c.relkind WHEN 'S' THEN 'SEQUENCE ' ELSE 'TABLE ' END ||
    pg_catalog.format('%I.%I', n.nspname, c.relname) AS object, c.relowner AS owner, c.relacl AS acl, '' AS everybody
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
  UNION ALL
  SELECT 'pg_proc', p.oid, p.xmin, 'ROUTINE ' || p.oid::pg_catalog.regprocedure, p.proowner, p.proacl, 'EXECUTE'
  FROM pg_catalog.pg_proc p
  UNION ALL
  SELECT 'pg_type', t.oid, t.xmin, 'TYPE ' || pg_catalog.format_type(t.oid, NULL), t.typowner, t.typacl, 'USAGE'
  FROM pg_catalog.pg_type t
  UNION ALL
  SELECT 'pg_namespace', n.oid, n.xmin, 'SCHEMA ' || pg_catalog.quote_ident(n.nspname), n.nspowner, n.nspacl, ''
  FROM pg_catalog.pg_namespace n) o (catalog, oid, written, object, owner, acl, everybody)
WHERE acl IS NOT NULL)";

/// A subtransaction of ours has an id of its own, which is in progress as ours is.
constexpr const char* kOurs =
    " AND pg_catalog.txid_status((pg_catalog.txid_current() >> 32 << 32) | written::text::bigint) = 'in "
    "progress'";

constexpr const char* kTypesOfTables = R"(
WITH RECURSIVE tables (oid) AS (
  SELECT t::pg_catalog.regclass::oid FROM pg_catalog.unnest($1::text[]) t
  UNION SELECT i.inhrelid FROM pg_catalog.pg_inherits i JOIN tables t ON t.oid = i.inhparent),
types (oid) AS (
  SELECT a.atttypid FROM pg_catalog.pg_attribute a JOIN tables t ON t.oid = a.attrelid WHERE a.attnum > 0 AND NOT a.attisdropped
)";

constexpr const char* kWaivedRules = R"(
SELECT pg_catalog.format('CHECK %s of %s', k.conname, k.conrelid::pg_catalog.regclass), k.conname,
       'TABLE ' || k.conrelid::pg_catalog.regclass, pg_catalog.pg_get_constraintdef(k.oid)
FROM pg_catalog.pg_constraint k JOIN tables t ON t.oid = k.conrelid
WHERE k.contype = 'c' AND NOT k.convalidated AND k.coninhcount = 0
UNION ALL
SELECT pg_catalog.format('CHECK %s of domain %s', k.conname, pg_catalog.format_type(k.contypid, NULL)), k.conname,
       'DOMAIN ' || pg_catalog.format_type(k.contypid, NULL), pg_catalog.pg_get_constraintdef(k.oid)
FROM pg_catalog.pg_constraint k JOIN types t ON t.oid = k.contypid WHERE k.contype = 'c' AND NOT k.convalidated)";

}  // namespace

void refuse_event_triggers(Connection& connection) {
  const Result on = connection.query(
      "SELECT evtname, pg_catalog.quote_ident(evtname) FROM pg_catalog.pg_event_trigger WHERE evtenabled <> "
      "'D'"
      " ORDER BY 1");
  if (on.rows() == 0) return;
  std::vector<std::string> names, off;
  for (int row = 0; row < on.rows(); ++row) {
    names.push_back(on.text(row, 0));
    off.push_back(fmt::format("ALTER EVENT TRIGGER {} DISABLE", on.text(row, 1)));
  }
  throw Refused(
      fmt::format("{}: event triggers of this database would run with the rights of the restore: {}",
                  connection.described(), fmt::join(names, ", ")),
      fmt::format("switch them off, and on again afterwards: {}; nothing was changed", fmt::join(off, "; ")));
}

BuiltInPrivileges::BuiltInPrivileges(Connection& connection) : connection_(connection) {
  const Result rows = connection.query(kWithPrivileges);
  for (int row = 0; row < rows.rows(); ++row) there_.emplace(rows.text(row, 0), rows.text(row, 1));
}

void BuiltInPrivileges::give() const {
  const Result rows = connection_.query(
      std::string("SELECT m.catalog, m.oid, m.object, pg_catalog.pg_get_userbyid(m.owner), m.everybody,"
                  " pg_catalog.array_to_string(ARRAY(SELECT DISTINCT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE"
                  " pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) END FROM"
                  " pg_catalog.aclexplode(m.acl) a), ', ') FROM (") +
      kWithPrivileges + kOurs + ") m");
  for (int row = 0; row < rows.rows(); ++row) {
    if (there_.contains({rows.text(row, 0), rows.text(row, 1)})) continue;
    const std::string object = rows.text(row, 2), owner = quote_identifier(rows.text(row, 3));
    std::string sql;
    if (!rows.text(row, 5).empty())
      sql = fmt::format("REVOKE ALL ON {} FROM {} CASCADE; ", object, rows.text(row, 5));
    sql += fmt::format("GRANT ALL ON {} TO {}", object, owner);
    if (!rows.text(row, 4).empty())
      sql += fmt::format("; GRANT {} ON {} TO PUBLIC", rows.text(row, 4), object);
    connection_.query(sql);
  }
}

std::vector<WaivedRule> find_waived_rules(Connection& connection, const std::vector<std::string>& tables) {
  const Result rows =
      connection.query(std::string(kTypesOfTables) + kTypesWithin + kWaivedRules, {text_array(tables)});
  std::vector<WaivedRule> out;
  for (int row = 0; row < rows.rows(); ++row) {
    const std::string alter = "ALTER " + rows.text(row, 2), name = quote_identifier(rows.text(row, 1));
    out.push_back({rows.text(row, 0), fmt::format("{} DROP CONSTRAINT {}", alter, name),
                   fmt::format("{} ADD CONSTRAINT {} {}", alter, name, rows.text(row, 3))});
  }
  return out;
}

void throw_refused_by_rule(const Error& error, const std::vector<WaivedRule>& rules) {
  constexpr std::string_view kCheckViolation = "23514";
  if (rules.empty() || error.sqlstate() != kCheckViolation) error.raise();
  std::vector<std::string> names, drops, makes;
  for (const WaivedRule& rule : rules) {
    names.push_back(rule.shown);
    drops.push_back(rule.drop);
    makes.push_back(rule.make);
  }
  throw Refused(fmt::format("{}; here is NOT VALID: {}", error.what(), fmt::join(names, ", ")),
                fmt::format("the rows that are in the backup need not keep it: {}; restore; then {}",
                            fmt::join(drops, "; "), fmt::join(makes, "; ")),
                error);
}

}  // namespace pgassay::restore
