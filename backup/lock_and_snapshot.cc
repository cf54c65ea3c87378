#include "backup/lock_and_snapshot.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "backup/attempt.h"
#include "backup/blockers.h"

namespace pgassay::backup {
namespace {

constexpr std::size_t kTablesPerLock = 500;

/// LOCK TABLE takes no snapshot, so a TRUNCATE that commits before it is seen by the snapshot that follows,
/// and none can come after it.
void lock_tables(Connection& leader, const std::vector<QualifiedName>& names) {
  for (std::size_t begin = 0; begin < names.size(); begin += kTablesPerLock) {
    const std::size_t end = std::min(names.size(), begin + kTablesPerLock);
    std::string sql = "LOCK TABLE ";
    for (std::size_t i = begin; i < end; ++i) {
      if (i > begin) sql += ", ";
      sql += "ONLY " + names[i].quoted();
    }
    leader.query(sql + " IN ACCESS SHARE MODE");
  }
}

Snapshot export_snapshot(Connection& leader) {
  const Result row = leader.query(
      "SELECT pg_catalog.pg_export_snapshot(),"
      " CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn()"
      " ELSE pg_catalog.pg_current_wal_lsn() END::text,"
      " (EXTRACT(epoch FROM pg_catalog.clock_timestamp()) * 1000000)::bigint");
  return {row.text(0, 0), row.text(0, 1), Time(std::chrono::microseconds(row.integer(0, 2)))};
}

std::set<Oid> locked_relations(Connection& leader) {
  const Result rows = leader.query(
      "SELECT relation FROM pg_catalog.pg_locks WHERE locktype = 'relation' AND granted"
      " AND mode = 'AccessShareLock' AND pid = pg_catalog.pg_backend_pid()"
      " AND database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = "
      "pg_catalog.current_database())");
  std::set<Oid> oids;
  for (int i = 0; i < rows.rows(); ++i) oids.insert(rows.oid(i, 0));
  return oids;
}

std::string as_array(const std::vector<Oid>& oids) {
  std::string text = "{";
  for (Oid oid : oids) text += (text.size() > 1 ? "," : "") + to_string(oid);
  return text + "}";
}

/// Relations that the first listing did not have, or had under another name, are locked now.
void lock_late_arrivals(Connection& leader, Connection& live, const std::vector<TableInfo>& tables) {
  const std::set<Oid> locked = locked_relations(leader);
  std::vector<QualifiedName> names;
  std::vector<Oid> oids;
  for (const TableInfo& table : tables) {
    if (!is_lockable(table) || locked.contains(table.oid)) continue;
    names.push_back(table.name);
    oids.push_back(table.oid);
  }
  if (names.empty()) return;
  lock_tables(leader, names);
  const std::set<Oid> now_locked = locked_relations(leader);
  for (std::size_t i = 0; i < oids.size(); ++i) {
    if (!now_locked.count(oids[i]))
      throw TryAgain(names[i].shown() + ": renamed or replaced while it was being locked");
  }
  unchanged_since_snapshot(leader, live, oids);
}

/// With whoever holds the lock, where it is one that can't be had.
[[noreturn]] void throw_locking(Connection& bystander, const ServerError& error) {
  const std::string what = "locking the tables";
  if (error.sqlstate() != kLockNotAvailable) throw_for(what, error);
  const Blocker way = who_is_in_the_way(bystander);
  throw TryAgain(fmt::format("{}: {}{}", what, error.what(), way.text),
                 way.hint.empty() ? "raise --lock-timeout" : way.hint + "; or raise --lock-timeout", error);
}

Snapshot attempt(Connection& leader, Connection& lister, const LockOptions& options) {
  std::vector<QualifiedName> names;
  if (!options.reduced_locks) names = list_lockable(lister);
  if (options.settled)
    std::erase_if(names, [&](const QualifiedName& name) { return !options.settled->contains(name); });
  leader.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  leader.query(
      fmt::format("SET LOCAL lock_timeout = {}", static_cast<long>(options.lock_timeout.count() * 1000)));
  lock_tables(leader, names);
  return export_snapshot(leader);
}

}  // namespace

Snapshot lock_and_snapshot(Connection& leader, Connection& lister, const LockOptions& options,
                           Observer& observer) {
  observer.phase("lock");
  try {
    return attempt(leader, lister, options);
  } catch (const ServerError& error) {
    leader.query("ROLLBACK");
    throw_locking(lister, error);
  }
}

Listed list_under_snapshot(Connection& leader, Connection& live, const LockOptions& options) {
  try {
    Listed listed{list_tables(leader, true), list_sequences(leader)};
    if (options.settled) {
      const auto is_new = [&](const auto& relation) { return !options.settled->contains(relation.name); };
      std::erase_if(listed.tables,
                    [&](const TableInfo& table) { return table.extension.empty() && is_new(table); });
      std::erase_if(listed.sequences, [&](const SequenceInfo& sequence) {
        return sequence.extension.empty() && is_new(sequence);
      });
    }
    if (!options.reduced_locks) lock_late_arrivals(leader, live, listed.tables);
    leader.query("SET LOCAL lock_timeout = 0");
    return listed;
  } catch (const ServerError& error) {
    leader.query("ROLLBACK");
    throw_locking(live, error);
  } catch (const TryAgain& error) {
    leader.query("ROLLBACK");
    error.raise();
  }
}

bool has_room_for_locks(Connection& connection, const std::vector<TableInfo>& tables) {
  constexpr std::string_view kOutOfMemory = "53200";
  std::vector<QualifiedName> names;
  for (const TableInfo& table : tables)
    if (is_lockable(table)) names.push_back(table.name);
  connection.query("BEGIN");
  bool room = true;
  try {
    connection.query("SET LOCAL lock_timeout = 100");
    lock_tables(connection, names);
  } catch (const ServerError& error) {
    room = error.sqlstate() != kOutOfMemory;
  }
  connection.query("ROLLBACK");
  return room;
}

void unchanged_since_snapshot(Connection& leader, Connection& live, const std::vector<Oid>& relations) {
  const std::string sql =
      "SELECT c.oid, n.nspname || '.' || c.relname, c.relfilenode,"
      " pg_catalog.string_agg(a.attnum || ' ' || a.attname || ' ' || a.atttypid, ', ' ORDER BY a.attnum)"
      " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
      " LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0"
      " WHERE c.oid = ANY ('" +
      as_array(relations) +
      "'::oid[])"
      " GROUP BY c.oid, n.nspname, c.relname, c.relfilenode ORDER BY c.oid";
  const Result then = leader.query(sql), now = live.query(sql);
  for (int i = 0; i < then.rows(); ++i) {
    bool same = i < now.rows();
    for (int column = 0; same && column < 4; ++column) same = then.text(i, column) == now.text(i, column);
    if (!same) throw TryAgain(then.text(i, 1) + ": dropped, rewritten or altered just after the snapshot");
  }
}

void still_of_their_names(Connection& live, const std::vector<TableInfo>& tables) {
  const Result rows = live.query(
      "SELECT c.oid, n.nspname, c.relname FROM pg_catalog.pg_class c"
      " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p')");
  std::map<Oid, QualifiedName> names;
  for (int i = 0; i < rows.rows(); ++i) names[rows.oid(i, 0)] = {rows.text(i, 1), rows.text(i, 2)};
  for (const TableInfo& table : tables) {
    if (is_lockable(table) && names[table.oid] != table.name)
      throw TryAgain(table.name.shown() + ": its schema was renamed after the snapshot");
  }
}

}  // namespace pgassay::backup
