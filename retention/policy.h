// Which backups of one database stay and which go. A pure function: what the backups and their evidence say,
// a policy and the time go in, a decision for each backup comes out, with the rule that made it. It touches
// no disk and asks no clock. All calendar periods are UTC's, so that no clock change makes one longer.
#pragma once

#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/repository/repository.h"
#include "retention/shrink.h"

namespace pgassay::retention {

struct RetentionPolicy {
  /// Kept while it is at most so many days of 24 h older than the newest verified backup, or than now,
  /// whichever is older. So neither a clock that jumps ahead nor weeks without a backup let anything expire.
  unsigned keep_days = 7;
  unsigned keep_min = 3;  ///< the newest so many that are not known to be bad, at least 1
  /// One each of the newest so many UTC days, ISO 8601 weeks, months and years in which there is a backup
  /// that is not known to be bad: the newest verified one of the period, else the newest.
  unsigned keep_daily = 0, keep_weekly = 0, keep_monthly = 0, keep_yearly = 0;
  std::vector<std::string> pin_labels = {"pre-cutover"};  ///< a backup with such a label is as good as pinned
  double max_delete_fraction = 0.5;                       ///< of the readable backups; more needs force
  double shrink_alarm = kShrinkAlarm;  ///< what has fallen below keeps the last backup before (shrink.h)
};

/// What is known besides backups and policy.
struct Circumstances {
  Time now;
  /// The last backup run failed: nothing goes unless keep_min verified backups remain.
  bool after_failed_run = false;
  /// Stamps of backups dated in the future that were named to be ignored: kept, and left out of every count.
  std::set<std::string> ignored_future;
};

/// In order of precedence: a decision names the first that holds.
enum class Rule {
  unreadable,           ///< its manifest cannot be read: kept, left out of every count
  unreadable_evidence,  ///< what was proved of it cannot be read: kept, and does not count as verified
  ignored_future,
  newest,
  newest_verified,  ///< last verified with PASS; so is the newest such one that no drill found bad
  newest_drilled,   ///< the same of drills
  before_shrink,    ///< the last before the database lost most of its rows, until that is accepted
  pinned,
  pin_label,
  keep_days,
  keep_min,
  after_failed_run,
  keep_daily,
  keep_weekly,
  keep_monthly,
  keep_yearly,
  in_use,   ///< somebody reads it; prune's own, never decide()'s
  expired,  ///< no rule keeps it: it goes
};
std::string_view to_string(Rule rule);  ///< "keep_days", …

struct Decision {
  bool keep = false;
  Rule rule = Rule::expired;
  std::string detail;  ///< which week, what label, how old; may be empty
};

/// Of backups of one database, in any order: decision i is of backup i.
std::vector<Decision> decide(std::span<const Backup> backups, const RetentionPolicy& policy,
                             const Circumstances& circumstances);

/// The backup that the next ones are measured by (shrink.h), where it would be another one without those that
/// go: then it has to be accepted before they do. A database that shrank little by little would otherwise
/// seem to have lost most of its rows at once.
std::optional<std::size_t> measure_to_accept(std::span<const Backup> backups,
                                             std::span<const Decision> decisions,
                                             const RetentionPolicy& policy);

/// A clock that is off by less is no reason to refuse: server and host need not agree to the second.
inline constexpr auto kClockSkew = std::chrono::minutes(5);

/// Why the decisions must not be carried out, if there is a reason: a clock behind the newest backup, or too
/// much to go at once without `force`.
std::optional<Refused> refusal(std::span<const Backup> backups, std::span<const Decision> decisions,
                               const RetentionPolicy& policy, const Circumstances& circumstances, bool force);

}  // namespace pgassay::retention
