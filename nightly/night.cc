#include "nightly/night.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "core/repository/identity.h"
#include "core/system/cancellation.h"
#include "core/system/exits.h"
#include "core/system/subprocess.h"
#include "core/system/time_limit.h"
#include "nightly/status.h"
#include "source/databases.h"

namespace pgassay::nightly {
namespace {

source::DatabaseList databases_of(const ConnInfo& server, const NightOptions& options, Observer& observer,
                                  const std::stop_token& stop) {
  return source::without_excluded(source::list_databases(server, stop), options.exclude_databases, observer);
}

class Run {
 public:
  Run(const Repository& repository, const NightOptions& options, Observer& observer, std::stop_token stop)
      : repository_(repository),
        options_(options),
        backup_options_(options.backup),
        observer_(observer),
        outer_(stop),
        limit_(stop, options.timeout) {}

  Night run() {
    NightRecord& record = night_.record;
    record.source = options_.backup.source;
    record.started = now();
    record.host = host_name();
    if (options_.all_databases)
      run_each();
    else
      run_one();
    record.finished = now();
    night_.interrupted = stopped_ && outer_.stop_requested();
    return std::move(night_);
  }

 private:
  void run_one() {
    step("backup", [this](NightStep& step) { back_up(step); });
    judge_size();
    after_backup("verify", [this](NightStep& step) { verify(step); });
    for (const PushTo& to : options_.push) after_backup("push", [&](NightStep& step) { push(step, to); });
    after_backup("drill", [this](NightStep& step) { drill(step); });
    prune_unless_stopped();
  }

  void prune_unless_stopped() {
    if (stopped_)
      skip("prune", "the run was ended");
    else
      step("prune", [this](NightStep& step) { prune_all(step); });
  }

  void run_each() {
    source::DatabaseList databases;
    std::vector<source::LeftAside> missing;
    step("list", [&](NightStep& step) {
      backup_options_ = backup::with_server(options_.backup, observer_, limit_.token());
      databases = databases_of(backup_options_.connection, options_, observer_, limit_.token());
      missing = out_of_reach(databases, options_.exclude_databases, repository_, options_.backup.source);
      step.text = fmt::format("{}", fmt::join(databases.open, ", "));
      for (const source::LeftAside& one : databases.aside)
        step.text += fmt::format("; left out: {}: {}", one.database, one.why);
    });
    const ConnInfo server = backup_options_.connection;
    for (const std::string& database : databases.open) {
      database_ = database;
      backup_.reset();
      bad_ = false;
      if (stopped_) {
        skip("backup", "the run was ended");
        continue;
      }
      backup_options_.connection = server.with_database(database);
      run_one();
    }
    for (const source::LeftAside& one : missing) {
      database_ = one.database;
      step("backup", [&](NightStep& step) { fail(step, Exit::refused, one.why, one.hint); });
    }
    if (!databases.open.empty()) return;
    // Nobody knows which there are; those of old nights keep their last ones.
    database_.clear();
    prune_unless_stopped();
  }

  template <typename Body>
  void step(const char* name, Body body) {
    NightStep step;
    step.name = name;
    step.database = database_;
    const Stopwatch watch;
    observer_.phase(name);
    try {
      body(step);
    } catch (const Stopped&) {
      stopped_ = true;
      fail(step, Exit::failed, outer_.stop_requested() ? "interrupted" : "the run's time-out is over",
           outer_.stop_requested() ? "" : "give it more time, or find out what holds it up");
    } catch (const Error& error) {
      fail(step, error.exit(), error.what(), error.hint());
    }
    step.seconds = watch.seconds();
    if (step.exit != Exit::done)
      observer_.message(Level::error,
                        fmt::format("{}{}: {}", database_.empty() ? "" : database_ + ": ", name, step.text),
                        step.hint);
    night_.record.steps.push_back(std::move(step));
  }

  template <typename Body>
  void after_backup(const char* name, Body body) {
    if (stopped_) return skip(name, "the run was ended");
    if (!backup_) return skip(name, "there is no new backup");
    if (bad_) return skip(name, "the backup is bad");
    step(name, body);
  }

  static void fail(NightStep& step, Exit exit, const std::string& text, const std::string& hint = {}) {
    step.outcome = Outcome::failed;
    step.exit = exit;
    step.text = text;
    step.hint = hint;
  }
  void skip(const char* name, const char* why) {
    night_.record.steps.push_back({name, Outcome::skipped, Exit::done, 0, why, {}, database_});
  }

  void back_up(NightStep& step) {
    const backup::TakenBackup taken = take_backup(repository_, backup_options_, observer_, limit_.token());
    const ManifestSummary& summary = taken.summary;
    if (!options_.all_databases) {
      night_.record.database = summary.id.database;
      night_.record.backup = summary.id.shown();
    }
    step.text = fmt::format("{}: {} rows in {} tables, {} stored, {} new", summary.id.shown(), summary.rows,
                            summary.tables, mebibytes(summary.stored_bytes), mebibytes(summary.new_bytes));
    if (!taken.other_origin.empty()) step.text += "; " + taken.other_origin;
    backup_ = repository_.find(summary.id.shown());
  }

  /// Every night until it is mended or accepted. What is there is backed up, verified and drilled all the
  /// same.
  void judge_size() {
    if (!backup_) return;
    const std::vector<Backup> backups = repository_.list({backup_->id.source, backup_->id.database});
    const auto shrink = retention::shrink_of(backups, options_.prune.policy.shrink_alarm);
    if (!shrink) return;
    step("shrink", [&](NightStep& step) {
      const Concern concern = concern_of(*shrink);
      fail(step, Exit::refused, concern.text, concern.hint);
    });
  }

  void judge(NightStep& step, const Evidence& evidence, const std::string& passed) {
    if (evidence.verdict == Verdict::pass) {
      step.text = passed;
      return;
    }
    bad_ = evidence.verdict == Verdict::fail;
    fail(step, exit_of(evidence.verdict),
         fmt::format("{} {}: {}", backup_->id.shown(), bad_ ? "is bad" : "could not be proved",
                     first_problem(evidence.checks, evidence.verdict)),
         "pgassay show " + shell_word(backup_->id.shown()) +
             (bad_ ? "; look at the disk, and take a new backup" : ""));
  }

  void verify(NightStep& step) {
    const Evidence evidence =
        verify_backup(repository_, *backup_, options_.verify, observer_, limit_.token());
    judge(step, evidence, "every stored byte is what was written");
  }

  /// The newest first. What an earlier night could not push is pushed, too.
  void push(NightStep& step, const PushTo& to) {
    const std::unique_ptr<Store> store = open_store(to.at);
    std::vector<Backup> backups = repository_.list({backup_->id.source, backup_->id.database});
    std::ranges::reverse(backups);
    std::size_t copies = 0;
    std::uint64_t objects = 0, bytes = 0;
    std::optional<Error> problem;
    for (const Backup& backup : backups) {
      if (!backup.summary) continue;  // status tells of it
      try {
        const store::Pushed pushed =
            store::push(*store, repository_, backup, to.options, observer_, limit_.token());
        copies += pushed.was_there ? 0 : 1;
        objects += pushed.objects_sent;
        bytes += pushed.bytes_sent;
      } catch (const BadBackup& bad) {
        // An old one that rotted keeps none of the others here.
        if (!problem) problem = bad;
      }
    }
    if (problem) problem->with_context(to.options.name)->raise();
    step.text = fmt::format("{}: {} new, {} objects, {}", to.options.name, copies, objects, mebibytes(bytes));
  }

  void drill(NightStep& step) {
    if (!drill_is_asked_for(step)) return;
    const drill::DrillReport report =
        drill_backup(repository_, *backup_, options_.drill, observer_, limit_.token());
    const auto seconds = report.evidence.facts.find(kRestoreSeconds);
    judge(
        step, report.evidence,
        fmt::format("every row and object came back{}",
                    seconds == report.evidence.facts.end() ? "" : "; restored in " + seconds->second + " s"));
  }

  bool drill_is_asked_for(NightStep& step) {
    if (!options_.drill_every) {
      step.outcome = Outcome::not_due;
      step.text = "drill_every is not set";
      return false;
    }
    const std::vector<Backup> backups = repository_.list({backup_->id.source, backup_->id.database});
    const std::optional<Time> last = last_drilled(backups);
    if (drill_is_due(last, *options_.drill_every, now())) return true;
    step.outcome = Outcome::not_due;
    step.text = "the last one that passed ended at " + to_rfc3339(*last);
    return false;
  }

  void prune_all(NightStep& step) {
    retention::PruneOptions options = options_.prune;
    options.after_failed_run = !backup_ || bad_;
    std::uint64_t freed = 0;
    std::size_t removed = 0;
    std::optional<Error> problem;
    Exit exit = Exit::done;
    for (const retention::DatabaseName& database :
         retention::databases_in(repository_, {options_.backup.source, ""})) {
      // Another database of this source has its own nights.
      const std::string& own = backup_ ? backup_->id.database : database_;
      if (!own.empty() && database.database != own) continue;
      const retention::PruneReport report =
          prune(repository_, database, options, now(), observer_, limit_.token());
      freed += report.freed();
      for (const retention::PrunedBackup& one : report.backups) removed += one.removed ? 1 : 0;
      if (!report.problem) continue;
      exit = worse(exit, report.problem->exit());
      if (!problem || exit == report.problem->exit()) problem = report.problem;
    }
    if (problem) throw Error(problem->what(), problem->hint(), exit);
    step.text = fmt::format("{} removed, {} came free", removed, mebibytes(freed));
  }

  const Repository& repository_;
  const NightOptions& options_;
  backup::BackupOptions backup_options_;  ///< of the database at hand
  Observer& observer_;
  std::stop_token outer_;
  TimeLimit limit_;
  Night night_;
  std::string database_;  ///< of several the one at hand
  std::optional<Backup> backup_;
  bool bad_ = false, stopped_ = false;
};

bool has_a_young_one(const Repository& repository, const std::string& source, const std::string& database,
                     Seconds age) {
  const std::vector<Backup> backups = repository.list({source, database});
  const DatabaseStatus status = assess({.source = source,
                                        .database = {},
                                        .backups = backups,
                                        .rules = {},
                                        .night = {},
                                        .free_bytes = {},
                                        .now = now()});
  if (!status.newest_verified) return false;
  const Seconds is = now() - *status.newest_verified;
  return is.count() >= 0 && is < age;
}

/// What can't be found out is not young.
bool each_has_a_young_one(const Repository& repository, const NightOptions& options, Observer& observer,
                          const std::stop_token& stop) {
  try {
    const ConnInfo server = backup::with_server(options.backup, observer, stop).connection;
    const source::DatabaseList databases = databases_of(server, options, observer, stop);
    if (!out_of_reach(databases, options.exclude_databases, repository, options.backup.source).empty())
      return false;
    return std::ranges::all_of(databases.open, [&](const std::string& database) {
      return has_a_young_one(repository, options.backup.source, database, *options.unless_newer);
    });
  } catch (const Error& error) {
    error.raise_if(ErrorKind::stopped);
    return false;
  }
}

/// The one that is named; empty: the user's, a service's or a container's own.
std::string database_of(const ConnInfo& connection) {
  const auto named = connection.parameters.find("dbname");
  return named == connection.parameters.end() ? "" : named->second;
}

bool is_not_due(const Repository& repository, const NightOptions& options, Observer& observer,
                const std::stop_token& stop) {
  if (!options.unless_newer) return false;
  return options.all_databases
             ? each_has_a_young_one(repository, options, observer, stop)
             : has_a_young_one(repository, options.backup.source, database_of(options.backup.connection),
                               *options.unless_newer);
}

std::vector<RoomThen> room_so_far(const Repository& repository, const std::string& source) {
  try {
    if (const auto last = last_night(repository, source)) return last->room;
  } catch (const Error&) {  // it is written anew
  }
  return {};
}

}  // namespace

Night run_night(const Repository& repository, const NightOptions& options, Observer& observer,
                std::stop_token stop) {
  const std::string& source = options.backup.source;
  if (is_not_due(repository, options, observer, stop)) {
    Night night;
    night.not_due = true;
    night.record.source = source;
    return night;
  }
  Night night = Run(repository, options, observer, std::move(stop)).run();
  night.record.room = with_this_night(room_so_far(repository, source),
                                      {night.record.finished, free_bytes(repository.root())});
  store(repository, night.record);
  return night;
}

}  // namespace pgassay::nightly
