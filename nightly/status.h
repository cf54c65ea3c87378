// Is every database's newest backup fresh, verified and drilled? A pure function: backups with their
// evidence, rules, the last night's record and the time go in; what is wrong comes out.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/system/clock.h"
#include "nightly/record.h"
#include "retention/shrink.h"

namespace pgassay::nightly {

struct StatusRules {
  Seconds max_age = std::chrono::hours(26);  ///< of the newest backup, and of the newest that was verified
  std::optional<Seconds> drill_every;        ///< absent: drills are not asked for
  double shrink_alarm = retention::kShrinkAlarm;
  std::vector<std::string> stores = {};  ///< that nightly pushes to
};

/// As Nagios has them (https://nagios-plugins.org/doc/guidelines.html, "Plugin Return Codes").
enum class Health { ok = 0, warning = 1, critical = 2, unknown = 3 };
std::string_view to_string(Health health);  ///< OK, WARNING, CRITICAL, UNKNOWN

/// Stable words, for --json and for monitoring.
namespace concern {
inline constexpr const char *kNoBackup = "no_backup", *kStale = "stale", *kUnreadable = "unreadable",
                            *kBad = "bad", *kUnverified = "unverified", *kUndrilled = "undrilled",
                            *kSearchPath = "search_path", *kShrunk = "shrunk", *kNoRoom = "no_room",
                            *kFilling = "filling", *kLastRun = "last_run", *kFuture = "future",
                            *kMisplaced = "misplaced", *kEvidenceAhead = "evidence_ahead",
                            *kUncopied = "uncopied";
}
struct Concern {
  Health health;
  std::string kind;  ///< one of `concern`
  std::string text, hint;
};

/// Of a database that lost most of what it held.
Concern concern_of(const retention::Shrink& shrink);

/// One database of a source; of a source without any backup `database` is what the configuration says.
struct DatabaseStatus {
  std::string source, database;
  bool watched = true;    ///< false: backups of a source that is not configured; no concerns then
  std::string unclaimed;  ///< of a source that the configuration does not name: the commands that end that
  std::size_t backups = 0, bad = 0;
  std::optional<Backup> newest;           ///< that can be read
  std::optional<Time> verified, drilled;  ///< when: of the newest backup of which that is the last word
  std::optional<Time> newest_verified;    ///< when the newest backup that is verified was taken
  /// Of each store: when the newest backup that was copied there was taken.
  std::map<std::string, Time> copied = {};
  std::optional<double> restore_seconds;  ///< measured by the newest drill that passed
  std::optional<Filling> filling;         ///< the repository's disk, if it goes on as in the last nights
  bool shrunk = false;  ///< the newest holds less than shrink_alarm of the newest accepted one
  std::optional<NightRecord> night;
  std::vector<Concern> concerns;  ///< the worst first

  Health health() const;
};

struct StatusInput {
  std::string source, database;
  std::vector<Backup> backups;  ///< of that database, oldest first, unreadable ones too
  StatusRules rules;
  std::optional<NightRecord> night;
  std::optional<std::uint64_t> free_bytes;  ///< of the repository's file system
  Time now;
};
DatabaseStatus assess(const StatusInput& input);

/// What nightly is to do next for a database, and by when status is content to wait for it.
struct Due {
  std::string what;  ///< backup, verify, drill
  Time at;           ///< past: overdue
};
/// Nothing of what was never done: that is a concern already. The soonest first.
std::vector<Due> what_is_due(const DatabaseStatus& status, const StatusRules& rules,
                             std::span<const Backup> backups);

/// "12.3 MiB"
std::string mebibytes(std::uint64_t bytes);

/// The time of the last drill that passed of any of these backups.
std::optional<Time> last_drilled(std::span<const Backup> backups);
/// A drill is due when the last one that passed will be older than `every` before the next night;
/// half a day of slack, at most half of the interval, keeps a nightly run's jitter from skipping a day.
bool drill_is_due(std::optional<Time> last, Seconds every, Time now);

}  // namespace pgassay::nightly
