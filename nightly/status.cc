#include "nightly/status.h"
#include "core/system/subprocess.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace pgassay::nightly {
namespace {

/// A backup dated later than this is ahead of our clock, and not of a neighbour's few seconds.
constexpr double kClockSlack = 300;
/// Time to get a disk in.
constexpr std::chrono::days kSoonFull{14};

double seconds_between(Time from, Time to) {
  return std::chrono::duration<double>(to - from).count();
}

std::string duration(double seconds) {
  if (seconds < 2 * 3600) return fmt::format("{:.0f} min", seconds / 60);
  if (seconds < 2 * 86400) return fmt::format("{:.1f} h", seconds / 3600);
  return fmt::format("{:.1f} days", seconds / 86400);
}

bool failed(const std::optional<Proofs::Last>& last) {
  return last && last->verdict == Verdict::fail;
}
bool passed(const std::optional<Proofs::Last>& last) {
  return last && last->verdict == Verdict::pass;
}
bool is_bad(const Backup& backup) {
  return failed(backup.proofs.verified) || failed(backup.proofs.drilled);
}

/// Of what a clock that was wrong has dated.
std::string proving_again(const Backup& backup) {
  const auto any = [&](std::string_view kind) {
    return std::ranges::any_of(backup.proofs.dated_ahead,
                               [&](const std::string& file) { return is_evidence_of(file, kind); });
  };
  const std::string id = shell_word(backup.id.shown());
  const bool drilled = any("drill");
  return (any("verify") || !drilled ? "pgassay verify " + id + (drilled ? " && " : "") : "") +
         (drilled ? "pgassay drill " + id : "");
}

class Assessment {
 public:
  explicit Assessment(const StatusInput& input) : input_(input) {}

  DatabaseStatus run() {
    status_.source = input_.source;
    status_.database = input_.database;
    status_.backups = input_.backups.size();
    status_.night = input_.night;
    for (const Backup& backup : input_.backups) look_at(backup);
    if (input_.backups.empty()) {
      add(Health::critical, concern::kNoBackup, "there is no backup",
          "pgassay nightly " + shell_word(input_.source));
    } else {
      judge_age();
      judge_places_and_clocks();
      judge_proofs();
      judge_copies();
      judge_size();
      judge_room();
    }
    judge_night();
    std::ranges::stable_sort(status_.concerns, std::ranges::greater{}, &Concern::health);
    return std::move(status_);
  }

 private:
  void add(Health health, const char* kind, std::string text, std::string hint = {}) {
    status_.concerns.push_back({health, kind, std::move(text), std::move(hint)});
  }

  void look_at(const Backup& backup) {
    if (is_bad(backup)) ++status_.bad;
    if (!backup.summary) return;
    status_.newest = backup;
    for (const auto& [store, at] : backup.proofs.copies)
      status_.copied[store] = std::max(status_.copied[store], backup.summary->snapshot.taken);
    if (passed(backup.proofs.verified) && !is_bad(backup)) {
      status_.newest_verified = backup.summary->snapshot.taken;
      status_.verified = backup.proofs.verified->at;
    }
    if (passed(backup.proofs.drilled) && !is_bad(backup)) {
      status_.drilled = backup.proofs.drilled->at;
      status_.restore_seconds = backup.proofs.drilled->restore_seconds;
      // A drill compares every row with what was read from the source: more than verify does.
      if (!status_.newest_verified || *status_.newest_verified < backup.summary->snapshot.taken)
        status_.newest_verified = backup.summary->snapshot.taken;
    }
  }

  void judge_age() {
    const Backup& last = input_.backups.back();
    if (!last.summary && !last.says) {
      add(Health::critical, concern::kUnreadable,
          fmt::format("the newest, {}, is unreadable: {}", last.id.stamp, last.problem),
          "pgassay verify " + shell_word(last.id.shown()));
    }
    if (!status_.newest) return;
    const double age = seconds_between(status_.newest->summary->snapshot.taken, input_.now);
    if (age < -kClockSlack) {
      add(Health::critical, concern::kFuture,
          fmt::format("the newest, {}, is dated {} ahead of this clock", status_.newest->id.stamp,
                      duration(-age)),
          "set the clock; while it stands so, nobody can tell whether a night was missed");
    }
    if (age > input_.rules.max_age.count()) {
      add(Health::critical, concern::kStale,
          fmt::format("the newest is {} old, and may be {}", duration(age),
                      duration(input_.rules.max_age.count())),
          "pgassay nightly " + shell_word(input_.source));
    }
  }

  /// Neither is of use where it is, and a night that looks well may owe that to it.
  void judge_places_and_clocks() {
    for (const Backup& backup : input_.backups) {
      if (backup.says) {
        const BadBackup problem = misplaced(backup);
        add(Health::critical, concern::kMisplaced, problem.what(), problem.hint());
      }
      if (!backup.proofs.dated_ahead.empty())
        add(Health::warning, concern::kEvidenceAhead,
            fmt::format("{}: evidence is dated after now and set aside: {}", backup.id.stamp,
                        fmt::join(backup.proofs.dated_ahead, ", ")),
            "see to the clocks, then " + proving_again(backup));
    }
  }

  void judge_proofs() {
    for (const Backup& backup : input_.backups) {
      if (!is_bad(backup)) continue;
      const bool is_newest = status_.newest && backup.id == status_.newest->id;
      add(is_newest ? Health::critical : Health::warning, concern::kBad,
          fmt::format("{} is bad: {}", backup.id.stamp,
                      failed(backup.proofs.verified) ? "verify failed" : "its drill failed"),
          "pgassay show " + shell_word(backup.id.shown()) + "; look at the disk, and take a new backup");
    }
    judge_functions();
    if (status_.newest) judge_verified();
    if (input_.rules.drill_every && status_.newest) judge_drilled(input_.rules.drill_every->count());
  }

  /// As the last drill found them, of whichever backup.
  void judge_functions() {
    const auto last =
        std::ranges::find_if(input_.backups.rbegin(), input_.backups.rend(),
                             [](const Backup& backup) { return backup.proofs.drilled.has_value(); });
    if (last == input_.backups.rend() || last->proofs.drilled->mends.empty()) return;
    add(Health::warning, concern::kSearchPath,
        fmt::format(
            "the drill of {} met functions that find no names under the empty search_path of a restore",
            last->id.stamp),
        last->proofs.drilled->mends);
  }

  void judge_verified() {
    const double age = status_.newest_verified ? seconds_between(*status_.newest_verified, input_.now) : 0;
    if (status_.newest_verified && age <= input_.rules.max_age.count()) return;
    add(Health::warning, concern::kUnverified,
        status_.newest_verified ? fmt::format("the newest verified one is {} old", duration(age))
                                : "no backup was ever verified",
        "pgassay verify " + shell_word(status_.newest->id.shown()));
  }

  void judge_drilled(double every) {
    const std::optional<Time> last = last_drilled(input_.backups);
    const double age = last ? seconds_between(*last, input_.now) : 0;
    if (last && age <= every + input_.rules.max_age.count()) return;
    add(Health::warning, concern::kUndrilled,
        last ? fmt::format("the last drill that passed was {} ago, and is to be held every {}", duration(age),
                           duration(every))
             : "no backup was ever drilled",
        "pgassay drill " + shell_word(status_.newest->id.shown()));
  }

  /// What a push said when it was done; nobody asks the store here.
  void judge_copies() {
    for (const std::string& store : input_.rules.stores) {
      const auto copied = status_.copied.find(store);
      const double age = copied == status_.copied.end() ? 0 : seconds_between(copied->second, input_.now);
      if (copied != status_.copied.end() && age <= input_.rules.max_age.count()) continue;
      add(Health::warning, concern::kUncopied,
          copied == status_.copied.end()
              ? fmt::format("no backup was ever copied to {}", store)
              : fmt::format("the newest one that was copied to {} is {} old", store, duration(age)),
          fmt::format("pgassay push --missing --store {} --source {}", shell_word(store),
                      shell_word(input_.source)));
    }
  }

  void judge_size() {
    const auto shrink = retention::shrink_of(input_.backups, input_.rules.shrink_alarm);
    if (!shrink) return;
    status_.shrunk = true;
    status_.concerns.push_back(concern_of(*shrink));
  }

  void judge_room() {
    if (!input_.free_bytes || !status_.newest) return;
    if (input_.night) status_.filling = filling(input_.night->room, *input_.free_bytes);
    if (status_.filling && status_.filling->left < kSoonFull) {
      add(Health::warning, concern::kFilling,
          fmt::format("the repository's disk is full in {}: {} come a day, by the last {} nights",
                      duration(status_.filling->left.count()),
                      mebibytes(static_cast<std::uint64_t>(status_.filling->bytes_a_day)),
                      input_.night->room.size()),
          "a larger disk, or fewer days: pgassay prune --dry-run says what is kept by which rule");
    }
    const std::uint64_t needed = status_.newest->summary->stored_bytes;
    if (*input_.free_bytes >= needed) return;
    add(Health::warning, concern::kNoRoom,
        fmt::format("{} are free, and a whole backup takes {}", mebibytes(*input_.free_bytes),
                    mebibytes(needed)),
        "pgassay prune --dry-run says what would come free");
  }

  void judge_night() {
    if (!input_.night) return;
    // A backup that was taken since, by hand perhaps, mends the worst of it.
    const bool mended = status_.newest && status_.newest->summary->snapshot.taken > input_.night->finished;
    for (const NightStep& step : input_.night->steps) {
      if (step.outcome != Outcome::failed || step.name == "shrink")
        continue;  // judge_size() knows how it is now
      if (!step.database.empty() && step.database != status_.database) continue;  // another's
      const bool bad =
          !mended && (step.exit == Exit::bad_backup || step.name == "backup" || step.name == "list");
      add(bad ? Health::critical : Health::warning, concern::kLastRun,
          fmt::format("in the last run, {} failed: {}", step.name, step.text), step.hint);
    }
  }

  const StatusInput& input_;
  DatabaseStatus status_;
};

}  // namespace

std::string mebibytes(std::uint64_t bytes) {
  return fmt::format("{:.1f} MiB", static_cast<double>(bytes) / (1 << 20));
}

std::string_view to_string(Health health) {
  constexpr std::string_view kNames[] = {"OK", "WARNING", "CRITICAL", "UNKNOWN"};
  return kNames[static_cast<int>(health)];
}

Health DatabaseStatus::health() const {
  return concerns.empty() ? Health::ok : concerns.front().health;
}

Concern concern_of(const retention::Shrink& shrink) {
  const std::string accepted = shrink.accepted->id.stamp, newest = shell_word(shrink.newest->id.shown());
  return {
      Health::critical, concern::kShrunk,
      fmt::format("since {} the database holds far less than it did: {} ({})", shrink.first->id.stamp,
                  shrunk_to(shrink), accepted),
      fmt::format("is it the right database, and has nobody emptied it? {} is kept; when all is as it should "
                  "be: pgassay accept {}",
                  accepted, newest)};
}

DatabaseStatus assess(const StatusInput& input) {
  return Assessment(input).run();
}

std::vector<Due> what_is_due(const DatabaseStatus& status, const StatusRules& rules,
                             std::span<const Backup> backups) {
  const auto after = [](Time time, Seconds wait) {
    return time + std::chrono::duration_cast<Time::duration>(wait);
  };
  std::vector<Due> due;
  if (status.newest) due.push_back({"backup", after(status.newest->summary->snapshot.taken, rules.max_age)});
  if (status.newest_verified) due.push_back({"verify", after(*status.newest_verified, rules.max_age)});
  const std::optional<Time> last = last_drilled(backups);
  if (last && rules.drill_every) due.push_back({"drill", after(*last, *rules.drill_every + rules.max_age)});
  std::ranges::stable_sort(due, {}, &Due::at);
  return due;
}

std::optional<Time> last_drilled(std::span<const Backup> backups) {
  std::optional<Time> last;
  for (const Backup& backup : backups)
    if (passed(backup.proofs.drilled) && (!last || *last < backup.proofs.drilled->at))
      last = backup.proofs.drilled->at;
  return last;
}

bool drill_is_due(std::optional<Time> last, Seconds every, Time now) {
  if (!last) return true;
  const Seconds slack = std::min<Seconds>(every / 2, std::chrono::hours(12)), since = now - *last;
  return since.count() < 0 || since >= every - slack;  // a drill in the future proves nothing of tonight
}

}  // namespace pgassay::nightly
