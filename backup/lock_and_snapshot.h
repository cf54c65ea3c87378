// One consistent view of a live database: locks first, then the snapshot, then a second listing under it.
#pragma once

#include <vector>

#include "backup/backup.h"
#include "backup/newcomers.h"
#include "core/postgres/catalog.h"
#include "core/system/clock.h"

namespace pgassay::backup {

struct LockOptions {
  Seconds lock_timeout{10};
  /// The server's lock table is too small for all of them: take none here. Workers lock each table when they
  /// copy it, and unchanged_since_snapshot() must be asked afterwards.
  bool reduced_locks = false;
  const Settled* settled = nullptr;  ///< no other relation is locked, or listed
};

/// Leaves the leader in a REPEATABLE READ transaction that holds the locks and the exported snapshot. Throws
/// TryAgain when DDL raced with us, or a lock could not be had in time; the leader is then outside of any
/// transaction.
Snapshot lock_and_snapshot(Connection& leader, Connection& lister, const LockOptions& options,
                           Observer& observer);

struct Listed {
  std::vector<TableInfo> tables;  ///< with sizes
  std::vector<SequenceInfo> sequences;
};

/// What the leader's snapshot shows. Tables that came, or got another name, after they were listed for their
/// locks are locked now; what the `live` connection sees then tells whether they are still the snapshot's.
/// Throws TryAgain when they are not, or could not be locked in time; the leader is then outside of any
/// transaction.
Listed list_under_snapshot(Connection& leader, Connection& live, const LockOptions& options);

/// Can one transaction lock all of these? Locks them for a moment. True also where that can't be found out:
/// one of them is locked by somebody, or gone. Outside of any transaction, before and afterwards.
bool has_room_for_locks(Connection& connection, const std::vector<TableInfo>& tables);

/// For relations that were not locked before the snapshot: is what the `live` connection sees now
/// (relfilenode, name, columns) what the leader's snapshot shows? Where it is, no TRUNCATE, rewrite or ALTER
/// came between. Throws TryAgain naming the first relation that differs.
void unchanged_since_snapshot(Connection& leader, Connection& live, const std::vector<Oid>& relations);

/// For relations that were: only their schema can have been renamed, but then another table may have been
/// read, or named by pg_dump, in their place. Throws TryAgain.
void still_of_their_names(Connection& live, const std::vector<TableInfo>& tables);

}  // namespace pgassay::backup
