// What came of the last night of a source: REPO/.nightly/SOURCE.json, replaced by each run, for `status`.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/repository/repository.h"
#include "nightly/room.h"

namespace pgassay::nightly {

enum class Outcome { done, failed, not_due, skipped };
std::string_view to_string(Outcome outcome);  ///< done, failed, not due, skipped

struct NightStep {
  /// backup, verify, push, drill, prune, metrics, notify; list: of a server's databases; shrink: only where
  /// it fails
  std::string name;
  Outcome outcome = Outcome::done;
  Exit exit = Exit::done;
  double seconds = 0;
  std::string text;           ///< what came of it, one line
  std::string hint;           ///< of a failure: what to do next
  std::string database = {};  ///< in a run over all databases: of which; empty: of the run's one, or of all
};

struct NightRecord {
  std::string source, database;  ///< database: empty until a backup has told, and in a run over all
  std::string backup;            ///< SOURCE/DATABASE/STAMP; empty: none was taken, or one of each
  Time started, finished;
  std::string host;
  std::vector<NightStep> steps;
  std::vector<RoomThen> room;  ///< of this night and those before

  Exit exit() const;  ///< the worst of its steps' (docs/exit-statuses.md)
};

std::string to_json(const NightRecord& record);
NightRecord parse_night_record(std::string_view json, const Path& name_for_errors);  ///< throws BadBackup

/// One run of a source at a time: the flock of REPO/.nightly/SOURCE.lock, which is never unlinked.
class NightLock {
 public:
  /// Throws Locked.
  NightLock(const Repository& repository, const std::string& source);

 private:
  Fd fd_;
};

/// The lock is held by the caller.
void store(const Repository& repository, const NightRecord& record);
/// Nothing when there was no run yet. Throws BadBackup when it can't be read.
std::optional<NightRecord> last_night(const Repository& repository, const std::string& source);

}  // namespace pgassay::nightly
