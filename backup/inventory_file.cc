#include "backup/inventory_file.h"

#include "backup/attempt.h"
#include "core/postgres/inventory.h"
#include "core/repository/layout.h"
#include "core/system/cancellation.h"

namespace pgassay::backup {
namespace {

constexpr std::chrono::milliseconds kPauseOfTries(500);  // between two tries

/// False when a lock was not to be had at once.
bool try_to_read(Connection& leader, Connection& live, const std::string& fingerprint,
                 const std::vector<Oid>& without, ChunkSink& lines) {
  leader.query("SAVEPOINT inventory; SET LOCAL lock_timeout = 10");
  try {
    read_inventory(leader, lines, InventoryOf::all, without);
  } catch (const ServerError& error) {
    leader.query("ROLLBACK TO SAVEPOINT inventory");
    if (error.sqlstate() == kLockNotAvailable) return false;
    if (inventory_fingerprint(live) == fingerprint) throw_for("reading the inventory", error);
    throw TryAgain(std::string("objects were changed while the inventory was read: ") + error.what(),
                   error.hint(), error);
  }
  leader.query("SET LOCAL lock_timeout = 0; RELEASE SAVEPOINT inventory");
  return true;
}

bool blocks_others(Connection& live, int leader_pid) {
  return live
      .query("SELECT EXISTS (SELECT FROM pg_catalog.pg_locks WHERE NOT granted AND " +
             std::to_string(leader_pid) + " = ANY (pg_catalog.pg_blocking_pids(pid)))")
      .boolean(0, 0);
}

}  // namespace

StoredFile write_inventory(Connection& leader, Connection& live, const std::vector<Oid>& without,
                           const Place& dir, int zstd_level, Seconds patience, std::optional<LeftOut>& doubt,
                           std::stop_token stop) {
  const Stopwatch watch;
  const std::string file(kInventoryFile), then = inventory_fingerprint(leader);
  PartEncoder encoder(zstd_level);
  while (true) {
    PartWriter writer(encoder, dir, file);
    if (try_to_read(leader, live, then, without, writer)) {
      const Part part = writer.finish();
      if (inventory_fingerprint(live) != then) {
        doubt = {kInventoryInDoubt,
                 "objects were created, altered or dropped while it was read: where it differs from a "
                 "restored database,"
                 " that proves nothing"};
      }
      return {part.file, part.stored, part.sha};
    }
    remove_tree(dir / file);
    if (watch.seconds() > patience.count() && blocks_others(live, leader.backend_pid())) {
      throw TryAgain(
          "reading the inventory: somebody who waits for this backup holds a view or another object");
    }
    pause_for(kPauseOfTries, StopFd(stop));
  }
}

}  // namespace pgassay::backup
