// The nightly run of one source: backup, verify, push, drill when due, prune. Each step's failure is kept,
// and what would be unsafe or pointless after it is not done.
#pragma once

#include <functional>
#include <optional>
#include <stop_token>

#include "backup/backup.h"
#include "core/store/open_store.h"
#include "core/system/clock.h"
#include "drill/drill.h"
#include "nightly/record.h"
#include "retention/prune.h"
#include "store/push.h"
#include "verify/verify.h"

namespace pgassay::nightly {

/// A store that a night copies to.
struct PushTo {
  StoreAt at;
  store::PushOptions options;
};

struct NightOptions {
  backup::BackupOptions backup;  ///< its `source` is the run's
  verify::VerifyOptions verify;
  drill::DrillOptions drill;
  /// Each of the server's databases, one after the other, but for those that a pattern fits (* and ?).
  bool all_databases = false;
  std::vector<std::string> exclude_databases;
  std::optional<Seconds> drill_every;  ///< absent: no drills
  std::vector<PushTo> push;            ///< of each database's backups those that are not there yet
  retention::PruneOptions prune;
  std::optional<Seconds> timeout;  ///< of the whole run
  /// Nothing is done while the newest verified backup of the source is younger; absent: always.
  std::optional<Seconds> unless_newer;
};

struct Night {
  NightRecord record;
  bool interrupted = false;  ///< by the outer stop, not by the time-out
  bool not_due = false;      ///< unless_newer held; no step was taken and the record is not stored
};

/// - The database lost most of what it held (retention/shrink.h): the night fails, all steps are taken.
/// - No backup: nothing to verify or to drill. prune still makes room, while keep_min verified backups
/// remain.
/// - A backup that verify or a drill found bad: prune as after a failed run.
/// - Could not verify, push or drill: told, and prune works as always; what it keeps is safe by its
/// rules. All of this holds for each of several databases by itself. Stores the record. Throws Locked when
/// another run of this source goes on, UsageError.
Night run_night(const Repository& repository, const NightOptions& options, Observer& observer,
                std::stop_token stop);

}  // namespace pgassay::nightly
