// One consistent view of a live database: locks first, then the snapshot, then a second listing under it.
#pragma once

#include <vector>

#include "backup/backup.h"
#include "core/postgres/catalog.h"

namespace pgassay {

struct LockedSource {
  Snapshot snapshot;
  std::vector<TableInfo> tables;        ///< as of the snapshot, with sizes
  std::vector<SequenceInfo> sequences;  ///< as of the snapshot
};

struct LockOptions {
  double lock_timeout_seconds = 10;
  /// The server's lock table is too small for all of them: take none here. Workers lock each table when they
  /// copy it, and unchanged_since_snapshot() must be asked afterwards.
  bool lean = false;
};

/// Leaves the leader in a REPEATABLE READ transaction that holds the locks and the exported snapshot. Throws
/// TryAgain when DDL raced with us, or a lock could not be had in time; the leader is then outside of any
/// transaction.
LockedSource lock_and_snapshot(Connection& leader, Connection& lister, const LockOptions& options,
                               Observer& observer);

/// For relations that were not locked before the snapshot: is what the `live` connection sees now
/// (relfilenode, name, columns) what the leader's snapshot shows? Where it is, no TRUNCATE, rewrite or ALTER
/// came between. Throws TryAgain naming the first relation that differs.
void unchanged_since_snapshot(Connection& leader, Connection& live, const std::vector<Oid>& relations);

}  // namespace pgassay
