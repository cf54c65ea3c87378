#include "restore/tables/triggers_off.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "restore/tables/in_transaction.h"

namespace pgassay::restore {
namespace {

/// The tables and their partitions.
constexpr const char* kTables =
    "WITH RECURSIVE tables (oid) AS (SELECT t FROM pg_catalog.unnest('{{{}}}'::pg_catalog.oid[]) AS t"
    " UNION SELECT i.inhrelid FROM pg_catalog.pg_inherits i JOIN tables t ON t.oid = i.inhparent"
    " JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid WHERE c.relispartition) ";

constexpr const char* kTriggers =
    "SELECT g.tgname || ' of ' || g.tgrelid::pg_catalog.regclass, g.tgenabled IN ('A', 'R')"
    " FROM pg_catalog.pg_trigger g JOIN tables t ON t.oid = g.tgrelid"
    " WHERE NOT g.tgisinternal AND g.tgenabled <> 'D' AND g.tgparentid = 0 ORDER BY 1";

/// Uniqueness that is checked late is checked by a trigger.
constexpr const char* kLateKeys =
    "SELECT k.conname || ' of ' || k.conrelid::pg_catalog.regclass FROM pg_catalog.pg_constraint k"
    " JOIN tables t ON t.oid = k.conrelid WHERE k.contype IN ('p', 'u', 'x') AND k.condeferrable ORDER BY 1";

constexpr const char* kForeignKeys = R"(
SELECT k.conname, k.conrelid::pg_catalog.regclass, k.confrelid::pg_catalog.regclass,
  pg_catalog.format('SELECT pg_catalog.count(*) FROM %s%s c WHERE %s AND NOT EXISTS (SELECT FROM %s%s p WHERE %s)',
    CASE c.relkind WHEN 'p' THEN '' ELSE 'ONLY ' END, k.conrelid::pg_catalog.regclass,
    pg_catalog.string_agg(pg_catalog.format('c.%I IS NOT NULL', ca.attname), ' AND '),
    CASE p.relkind WHEN 'p' THEN '' ELSE 'ONLY ' END, k.confrelid::pg_catalog.regclass,
    pg_catalog.string_agg(pg_catalog.format('p.%I OPERATOR(%I.%s) c.%I', pa.attname, n.nspname, o.oprname, ca.attname),
                          ' AND ')),
  coalesce((pg_catalog.to_jsonb(k)->>'conperiod')::pg_catalog.bool, false)
FROM pg_catalog.pg_constraint k JOIN tables t ON t.oid = k.conrelid
JOIN pg_catalog.pg_class c ON c.oid = k.conrelid JOIN pg_catalog.pg_class p ON p.oid = k.confrelid
CROSS JOIN LATERAL ROWS FROM (pg_catalog.unnest(k.conkey), pg_catalog.unnest(k.confkey), pg_catalog.unnest(k.conpfeqop))
  AS key (child, parent, operator)
JOIN pg_catalog.pg_attribute ca ON ca.attrelid = k.conrelid AND ca.attnum = key.child
JOIN pg_catalog.pg_attribute pa ON pa.attrelid = k.confrelid AND pa.attnum = key.parent
JOIN pg_catalog.pg_operator o ON o.oid = key.operator JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace
WHERE k.contype = 'f' AND k.conparentid = 0 AND k.convalidated
GROUP BY k.oid, k.conname, k.conrelid, k.confrelid, c.relkind, p.relkind, pg_catalog.to_jsonb(k) ORDER BY 2, 1)";

}  // namespace

TriggersOff::TriggersOff(Connection& connection, const std::vector<Oid>& tables) : connection_(connection) {
  std::vector<std::string> oids;
  for (const Oid oid : tables) oids.push_back(to_string(oid));
  find(fmt::format(fmt::runtime(kTables), fmt::join(oids, ",")));
  if (!triggers_.empty() || !foreign_keys_.empty() || !stubborn_.empty()) switch_off();
}

void TriggersOff::find(const std::string& tables) {
  std::vector<std::string> late;
  const Result triggers = connection_.query(tables + kTriggers);
  for (int row = 0; row < triggers.rows(); ++row)
    (triggers.boolean(row, 1) ? stubborn_ : triggers_).push_back("trigger " + triggers.text(row, 0));
  const Result keys = connection_.query(tables + kForeignKeys);
  for (int row = 0; row < keys.rows(); ++row) {
    foreign_keys_.push_back({keys.text(row, 0), keys.text(row, 1), keys.text(row, 2), keys.text(row, 3)});
    if (keys.boolean(row, 4))
      late.push_back(fmt::format("foreign key {} of {}", keys.text(row, 0), keys.text(row, 1)));
  }
  if (triggers_.empty() && foreign_keys_.empty()) return;
  const Result constraints = connection_.query(tables + kLateKeys);
  for (int row = 0; row < constraints.rows(); ++row) late.push_back("deferrable " + constraints.text(row, 0));
  stubborn_.insert(stubborn_.end(), late.begin(), late.end());
}

void TriggersOff::switch_off() {
  if (!stubborn_.empty())
    throw Refused(fmt::format("{}: can't be switched off, or would not be checked: {}",
                              connection_.described(), fmt::join(stubborn_, ", ")),
                  "disable or drop them first, and bring them back afterwards");
  // Of an owner's session it is set from its beginning, and nothing it may do changes that.
  if (connection_.query("SELECT pg_catalog.current_setting('session_replication_role') = 'replica'")
          .boolean(0, 0)) {
    off_ = true;
    return;
  }
  try {
    connection_.query(
        "SAVEPOINT pgassay; SET LOCAL session_replication_role = replica; RELEASE SAVEPOINT pgassay");
    off_ = true;
  } catch (const ServerError&) {
    connection_.query("ROLLBACK TO SAVEPOINT pgassay");
    std::vector<std::string> all = triggers_;
    for (const ForeignKey& key : foreign_keys_)
      all.push_back(fmt::format("foreign key {} of {}", key.name, key.child));
    throw Refused(
        fmt::format(
            "{}: only a superuser can switch off triggers and foreign keys while rows are loaded, and "
            "the tables have: {}",
            connection_.described(), fmt::join(all, ", ")),
        "connect as a superuser, or drop them first and make them again afterwards");
  }
}

void TriggersOff::check_foreign_keys() {
  if (!off_) return;
  for (const ForeignKey& key : foreign_keys_) {
    // Else a row that is deleted meanwhile is missed: who deletes it does not see ours yet.
    lock_table(connection_, key.parent, "SHARE", key.parent);
    const std::uint64_t orphans = connection_.query(key.orphans).unsigned_integer(0, 0);
    if (orphans == 0) continue;
    throw Error(fmt::format("foreign key {} of {}: {} of the backup's rows refer to rows that {} has not got",
                            key.name, key.child, orphans, key.parent),
                fmt::format("restore {} as well, or drop the foreign key first", key.parent));
  }
}

}  // namespace pgassay::restore
