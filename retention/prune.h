// Prune: carries out what the policy decides about the backups of one database.
//
// Locks. One prune of a database at a time (PruneLock). The database's RunLock is not taken: when the disk
// fills up under a running backup, prune must be able to make room for it. That is safe, for a backup being
// written lies in .partial/, where nothing is pruned; the one whose parts it links to is leased; and the
// newest backup never goes, so between finding and leasing it nothing can happen either. Before a backup is
// removed its own directory is locked exclusively, without waiting: one that somebody reads stays, with a
// note. With that lock held all backups and their evidence are read once more and decided upon anew, so that
// a pin, or a proof that another backup is bad, counts though it came a moment ago.
#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/repository/repository.h"
#include "core/system/observer.h"
#include "retention/policy.h"

namespace pgassay::retention {

struct PruneOptions {
  RetentionPolicy policy;
  std::vector<BackupId> ignore_future;  ///< backups dated in the future to be kept and not counted
  bool after_failed_run = false;
  bool force = false;    ///< more than max_delete_fraction may go at once
  bool dry_run = false;  ///< writes nothing at all
};

struct PrunedBackup {
  Backup backup;
  Decision decision;
  std::uint64_t frees = 0;  ///< bytes on disk that really come free; of one that stays 0
  bool removed = false;
};

struct PruneReport {
  std::vector<PrunedBackup> backups;  ///< oldest first
  /// What ended it or kept it from beginning: Refused, Locked, the first error. Those that follow are
  /// messages.
  std::optional<Error> problem;

  std::uint64_t freed() const;  ///< by those that were removed
};

struct DatabaseName {
  std::string source, database;
  friend auto operator<=>(const DatabaseName&, const DatabaseName&) = default;
};
/// Of which there are backups, sorted; what is no backup goes to `foreign` and is left alone.
std::vector<DatabaseName> databases_in(const Repository& repository, const Repository::Filter& filter = {},
                                       std::vector<Path>* foreign = nullptr);

/// Removes what dead runs left, then the backups of that database that no rule keeps. Throws UsageError when
/// a backup is to be ignored that is not dated in the future, Stopped between two removals. All other trouble
/// is in the report.
PruneReport prune(const Repository& repository, const DatabaseName& of, const PruneOptions& options, Time now,
                  Observer& observer, std::stop_token stop);

/// What prune would free of this database now, without writing or locking anything; 0 where it would refuse.
std::uint64_t prunable_bytes(const Repository& repository, const DatabaseName& of,
                             const PruneOptions& options, Time now);

}  // namespace pgassay::retention
