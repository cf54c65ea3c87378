#include "stack/switch/database.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <set>

#include "core/postgres/catalog.h"
#include "core/postgres/inventory.h"
#include "core/postgres/session.h"
#include "core/system/cancellation.h"
#include "proof/row_proof.h"

namespace pgassay::stack {
namespace {

constexpr Seconds kPatience(15);
constexpr std::chrono::milliseconds kPauseOfStillness(200);
constexpr char kSwitchApplication[] = "pgassay stack switch";

/// Whoever is connected to this database, and workers that write to it: all but autovacuum. Of other users'
/// sessions we may be told nothing but that they are there.
std::vector<std::string> others(Connection& connection) {
  const Result rows = connection.query(
      "SELECT pid, coalesce(usename, '?'), coalesce(nullif(application_name, ''), backend_type, '?')"
      " FROM pg_catalog.pg_stat_activity WHERE pid <> pg_catalog.pg_backend_pid()"
      " AND datname = pg_catalog.current_database()"
      " AND backend_type IS DISTINCT FROM 'autovacuum worker' ORDER BY pid");
  std::vector<std::string> found;
  for (int i = 0; i < rows.rows(); ++i)
    found.push_back(fmt::format("{} ({}, pid {})", rows.text(i, 1), rows.text(i, 2), rows.text(i, 0)));
  const Result prepared = connection.query(
      "SELECT gid FROM pg_catalog.pg_prepared_xacts WHERE database = pg_catalog.current_database()");
  for (int i = 0; i < prepared.rows(); ++i)
    found.push_back("the prepared transaction " + prepared.text(i, 0));
  return found;
}

const Relation* rows_of(const Manifest& manifest, const QualifiedName& name) {
  const Relation* relation = manifest.find(name);
  // Leaves tell of their rows; their root would tell of them again.
  return relation == nullptr || relation->kind == 'p' || relation->kind == 'f' ? nullptr : relation;
}

}  // namespace

backup::BackupOptions reach_database(backup::BackupOptions source, const std::string& container_id,
                                     const std::optional<std::string>& database, Observer& observer,
                                     const std::stop_token& stop) {
  for (const char* address : {"host", "hostaddr", "port", "service"})
    source.connection.parameters.erase(address);
  source.container = {};
  source.container.engine = "docker";
  source.container.container = container_id;
  if (database) source.connection.parameters["dbname"] = *database;
  source.tables.exclude.clear();
  source.prunable_bytes = {};
  return backup::with_server(source, observer, stop);
}

Stillness await_stillness(const ConnInfo& database, const std::stop_token& stop) {
  Connection connection = Connection::open(database, kSwitchApplication, stop);
  start_reading_session(connection);
  const StopFd stop_fd(stop);
  const Stopwatch watch;
  for (;;) {
    const std::vector<std::string> there = others(connection);
    if (there.empty()) break;
    if (watch.seconds() > kPatience.count())
      throw Refused(fmt::format("somebody is still connected to the database {}: {}", connection.database(),
                                fmt::join(there, ", ")),
                    "name the service in writers, or end what it is; then begin anew");
    pause_for(kPauseOfStillness, stop_fd);
  }
  Stillness still;
  still.catalog = inventory_fingerprint(connection);
  still.xmax =
      connection.query("SELECT pg_catalog.txid_snapshot_xmax(pg_catalog.txid_current_snapshot())::text")
          .text(0, 0);
  return still;
}

std::string difference(const ConnInfo& database, const Manifest& backup, unsigned jobs, Observer& observer,
                       std::stop_token stop) {
  {
    Connection connection = Connection::open(database, kSwitchApplication, stop);
    start_reading_session(connection);
    for (const TableInfo& table : list_tables(connection, false))
      if (backup.find(table.name) == nullptr)
        return fmt::format("the table {} is in no backup", table.name.shown());
  }
  try {
    for (const Check& check : proof::prove(database, backup, {jobs}, observer, stop))
      if (check.verdict != Verdict::pass) return check.name + ": " + check.detail;
  } catch (const ServerError& error) {  // a table or a column is gone
    return error.what();
  }
  return {};
}

std::vector<ChangedTable> changed_tables(const Manifest& before, const Manifest& after) {
  std::vector<ChangedTable> changed;
  std::set<QualifiedName> names;
  for (const Manifest* manifest : {&before, &after})
    for (const Relation& relation : manifest->relations) names.insert(relation.name);
  for (const QualifiedName& name : names) {
    const Relation *then = rows_of(before, name), *now = rows_of(after, name);
    if (then == nullptr && now == nullptr) continue;
    const bool same = then != nullptr && now != nullptr && then->digest.rows == now->digest.rows &&
                      then->digest.sum == now->digest.sum && then->columns == now->columns;
    if (same) continue;
    ChangedTable one{name, {}, {}};
    if (then != nullptr) one.before = then->digest.rows;
    if (now != nullptr) one.after = now->digest.rows;
    changed.push_back(std::move(one));
  }
  return changed;
}

}  // namespace pgassay::stack
