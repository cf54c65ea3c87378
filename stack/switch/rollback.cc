#include "stack/switch/rollback.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "core/system/split.h"
#include "stack/switch/can_start.h"
#include "stack/switch/return.h"
#include "stack/switch/volumes.h"

namespace pgassay::stack {
namespace {

using Ids = std::vector<std::string>;
constexpr char kNotSaved[] = "none";

std::vector<StackContainer> new_containers(const SwitchState& state, const StackContainers& containers,
                                           const std::stop_token& stop) {
  const std::vector<std::string> services = split(state.fact(fact::kToServices), ',');
  return containers.of_project(state.fact(fact::kToProject), {services.begin(), services.end()}, stop);
}

class Rollback {
 public:
  Rollback(const Repository& repository, SwitchJournal& journal, const RollbackOptions& options,
           Observer& observer, std::stop_token stop)
      : repository_(repository),
        journal_(journal),
        options_(options),
        observer_(observer),
        stop_(std::move(stop)),
        containers_(options.health_timeout),
        state_(replay(journal.entries())) {}

  RollbackReport run() {
    const GoingBack back = going_back(state_);
    if (back.way == WayBack::none) throw Refused(back.why, back.hint);
    if (back.way == WayBack::nothing) {
      if (state_.standing == SwitchStage::untouched) note(entry::kGivenUp);
      return std::move(report_);
    }
    report_.needed = true;
    const bool anew = state_.standing != SwitchStage::rolling_back;
    if (anew) check_that_it_fits();
    note(entry::kRollbackBegun, {{"why", options_.why}});
    if (anew) note_new_stack();
    if (back.way == WayBack::save_then_old) {
      save();
    } else {
      report_.saved = state_.fact(fact::kSaved);  // by a rollback that was interrupted
    }
    report_what_is_left_behind();
    phase("stop new writers");
    stop_new_writers(state_, containers_, stop_);
    // Two servers on one volume would ruin it. Where each has its own, the new one keeps nobody waiting.
    if (state_.keeps_data()) stop_new_database(kServerStopSeconds);
    stop_copying();
    phase("start old stack");
    try {
      start_old();
    } catch (const Error& error) {
      error.raise_if(ErrorKind::stopped);
      give_the_new_one_back(error);
    }
    if (!state_.keeps_data()) stop_new_database(kBriefStopSeconds);
    note(entry::kRolledBack);
    check_routes();
    if (report_.saved == kNotSaved) report_.saved.clear();
    return std::move(report_);
  }

 private:
  void phase(const char* name) { observer_.phase(name); }

  void note(const char* what, SwitchFacts facts = {}) {
    journal_.add_or_warn(what, std::move(facts), observer_);
  }

  /// Before anything is stopped: can the old stack come back?
  void check_that_it_fits() {
    // Nothing else runs then: what is left of the old stack is better than nothing.
    if (nothing_else_may_run()) return;
    const Ids ids = state_.ids_that_ran([](const auto&) { return true; });
    const std::vector<StackContainer> there = containers_.those(ids, stop_);
    for (const SwitchedContainer& one : state_.old_containers)
      if (one.ran && std::ranges::find(there, one.id, &StackContainer::id) == there.end())
        throw Refused(fmt::format("the container {} of the old stack is gone", one.name),
                      "without it there is no way back; a backup brings the data back: pgassay list");
    // Any other time the old stack is tried, whatever is in its way: there is no new one that works.
    if (state_.standing != SwitchStage::switched && state_.standing != SwitchStage::undecided) return;
    if (const auto problem = in_the_way_of_starting(state_, containers_, stop_)) problem->raise();
    if (state_.standing != SwitchStage::switched) return;
    for (const StackContainer& one : there)
      if (one.running())
        throw Refused(fmt::format("the container {} of the old stack runs", one.name),
                      "somebody has started it since; stop it, if that was no later switch's");
  }

  /// The new stack never came to run.
  bool nothing_else_may_run() const {
    return state_.standing == SwitchStage::before_return ||
           (state_.standing == SwitchStage::rolling_back &&
            state_.before_rollback == SwitchStage::before_return);
  }

  void note_new_stack() {
    for (const StackContainer& one : new_containers(state_, containers_, stop_)) {
      if (one.one_off) continue;
      SwitchedContainer as_it_is{one.id, one.name, one.service, one.image, one.restart};
      as_it_is.ran = one.running();
      as_it_is.well = one.well();
      as_it_is.is_database = one.service == state_.fact(fact::kToDatabaseService);
      note(entry::kNewContainer, facts_of(as_it_is));
    }
  }

  bool new_one_may_come_back() const {
    const SwitchStage before = replay(journal_.entries()).before_rollback;
    return before == SwitchStage::switched || before == SwitchStage::undecided;
  }

  /// One of the two must run.
  [[noreturn]] void give_the_new_one_back(const Error& error) {
    const std::string again = "pgassay stack rollback " + state_.fact(fact::kName);
    note(entry::kStepFailed, {{fact::kStep, "rollback"}, {fact::kDetail, error.what()}});
    if (!new_one_may_come_back()) error.raise();
    try {
      take_back(repository_, journal_, options_, observer_, stop_);
    } catch (const Error& other) {
      other.raise_if(ErrorKind::stopped);
      throw Error(fmt::format("{}; and the new stack was not started again: {}", error.what(), other.what()),
                  fmt::format("{}; then {}, or {} --abandon", error.hint(), again, again));
    }
    throw Error(fmt::format("{}; so nothing was rolled back, and the new stack runs as before", error.what()),
                error.hint());
  }

  /// Of the new stack; on any failure it runs on.
  void save() {
    std::vector<StackContainer> writers = new_containers(state_, containers_, stop_);
    std::erase_if(writers, [&](const StackContainer& one) {
      return !one.running() || one.service == state_.fact(fact::kToDatabaseService);
    });
    try {
      phase("stop new writers");
      stop_new_writers(state_, containers_, stop_);
      if (!options_.without_new_data) save_rows();
    } catch (const Error& error) {
      start_again(writers);
      error.raise();
    }
    journal_.add(entry::kFact, {{fact::kSaved, report_.saved.empty() ? kNotSaved : report_.saved}});
  }

  void start_again(const std::vector<StackContainer>& writers) {
    if (state_.standing != SwitchStage::switched && state_.standing != SwitchStage::undecided) return;
    try {
      for (const StackContainer& one : writers) {
        containers_.start(one.id, {});
        containers_.set_restart(one.id, one.restart, {});
      }
      note(state_.standing == SwitchStage::switched ? entry::kSwitched : entry::kUndecided);
    } catch (const Error& error) {
      observer_.message(Level::error, std::string("the new stack does not run: ") + error.what(),
                        "pgassay stack rollback " + state_.fact(fact::kName));
    }
  }

  void save_rows() {
    phase("save new data");
    try {
      const std::string id = running_new_database();
      backup::BackupOptions reached =
          reach_new_database(id, options_.source, state_.fact(fact::kRestored), observer_, stop_);
      reached.label = "before rollback of " + state_.fact(fact::kName);
      const StillBackup still = take_still_backup(
          repository_, reached, options_.verify,
          fmt::format("rollback of {}: rows of stack {}", state_.fact(fact::kName), state_.fact(fact::kTo)),
          observer_, stop_);
      report_.saved = still.backup.id.shown();
    } catch (const Error& error) {
      error.raise_if(ErrorKind::stopped);
      error.with_context("what the new stack wrote could not be backed up, so nothing was rolled back")
          ->with_hint(fmt::format("{}{}or go back without: pgassay stack rollback {} --without-new-data (its "
                                  "volume stays)",
                                  error.hint(), error.hint().empty() ? "" : "; ", state_.fact(fact::kName)))
          ->raise();
    }
  }

  std::string running_new_database() {
    const std::string id = new_database_of(state_, containers_, stop_);
    containers_.start(id, stop_);
    containers_.await_well({id}, stop_);
    return id;
  }

  /// By both backups. That they can't be compared keeps nobody from going back.
  void report_what_is_left_behind() {
    // On one volume, the old server finds what the new one wrote.
    if (report_.saved.empty() || report_.saved == kNotSaved || state_.keeps_data()) return;
    try {
      const Backup before = repository_.find(state_.fact(fact::kFinal)),
                   after = repository_.find(report_.saved);
      report_.left_behind = changed_tables(read_manifest(before.dir), read_manifest(after.dir));
    } catch (const Error& error) {
      observer_.message(Level::warning,
                        fmt::format("it can't be said which tables of {} the old database lacks: {}",
                                    report_.saved, error.what()),
                        error.hint());
    }
  }

  /// A copy only reads the old stack's volume: it keeps nobody from going back.
  void stop_copying() {
    for (const VolumePair& one : parse_volume_pairs(state_.fact(fact::kVolumes))) try {
        VolumeCopies(containers_.docker(), {}).stop_copying(one);
      } catch (const Error& error) {
        observer_.message(Level::warning, error.what(), error.hint());
      }
  }

  void stop_new_database(int seconds) {
    Ids database;
    for (const StackContainer& one : new_containers(state_, containers_, stop_))
      if (one.service == state_.fact(fact::kToDatabaseService)) database.push_back(one.id);
    containers_.stop_for_good(database, seconds, stop_);
  }

  /// The old stack runs, whatever comes of it.
  void check_routes() {
    if (!options_.routes) return;
    const std::string stack = state_.fact(fact::kFrom);
    try {
      const RoutesOutcome outcome = options_.routes(stack, stop_);
      if (outcome.kind == RoutesOutcome::Kind::failed) report_.routes_problem = outcome.text;
    } catch (const Error& error) {
      error.raise_if(ErrorKind::stopped);
      report_.routes_problem = error.what();
    }
    if (report_.routes_problem.empty()) return;
    observer_.message(
        Level::error,
        fmt::format("the old stack runs, but routes of stack {}: {}", stack, report_.routes_problem),
        "pgassay stack routes " + stack);
  }

  void start_old() {
    start_all([](const SwitchedContainer& one) { return one.is_database; });
    const SwitchFacts ran = {{fact::kOldRan, "yes"}};
    // The new stack may be started again only by who knows of this.
    if (new_one_may_come_back())
      journal_.add(entry::kFact, ran);
    else
      note(entry::kFact, ran);
    start_all([](const SwitchedContainer& one) { return !one.is_database; });
  }

  /// Where somebody removed it, that which was made anew for its service; empty: there is none.
  std::string id_now(const SwitchedContainer& one) const {
    if (!containers_.those({one.id}, stop_).empty()) return one.id;
    for (const StackContainer& other :
         containers_.of_project(state_.fact(fact::kFromProject), {one.service}, stop_))
      if (!other.one_off && std::ranges::find(state_.old_containers, other.id, &SwitchedContainer::id) ==
                                state_.old_containers.end())
        return other.id;
    return {};
  }

  std::string how_to_make_anew(const SwitchedContainer& one) const {
    return fmt::format("make it anew from the old stack's files: docker compose -p {} … up -d {}",
                       state_.fact(fact::kFromProject), one.service);
  }

  void go_without(const SwitchedContainer& one) {
    report_.gone.push_back(one.name);
    observer_.message(Level::error, fmt::format("the container {} of the old stack is gone", one.name),
                      how_to_make_anew(one));
  }

  /// Each of them that ran, though another fails.
  template <typename Wanted>
  void start_all(Wanted wanted) {
    std::string problems, hint;
    Ids to_be_well;
    for (const SwitchedContainer& one : state_.old_containers) {
      if (!one.ran || !wanted(one)) continue;
      try {
        const std::string id = id_now(one);
        if (id.empty() && !one.is_database && nothing_else_may_run()) {
          go_without(one);
          continue;
        }
        if (id.empty()) throw Error("the container is gone", how_to_make_anew(one));
        containers_.start(id, stop_);
        containers_.set_restart(id, one.restart, stop_);
        report_.started.push_back(one.name);
        // What was not well before need not be now.
        if (one.well) to_be_well.push_back(id);
        note(entry::kUndone, {{"container", one.name}, {"id", id}, {"restart", one.restart}});
      } catch (const Error& error) {
        error.raise_if(ErrorKind::stopped);
        problems += fmt::format("{}{}: {}", problems.empty() ? "" : "; ", one.name, error.what());
        hint = error.hint();
      }
    }
    if (problems.empty()) return containers_.await_well(to_be_well, stop_);
    throw Error("not all of the old stack could be started: " + problems,
                fmt::format("{}{}then again: pgassay stack rollback {}", hint, hint.empty() ? "" : "; ",
                            state_.fact(fact::kName)));
  }

  const Repository& repository_;
  SwitchJournal& journal_;
  const RollbackOptions& options_;
  Observer& observer_;
  std::stop_token stop_;
  StackContainers containers_;
  SwitchState state_;
  RollbackReport report_;
};

}  // namespace

void stop_new_writers(const SwitchState& state, const StackContainers& containers,
                      const std::stop_token& stop) {
  Ids ids;
  for (const StackContainer& one : new_containers(state, containers, stop))
    if (one.service != state.fact(fact::kToDatabaseService)) ids.push_back(one.id);
  containers.stop_for_good(ids, {}, stop);
}

std::string new_database_of(const SwitchState& state, const StackContainers& containers,
                            const std::stop_token& stop) {
  Ids found;
  for (const StackContainer& one : new_containers(state, containers, stop))
    if (one.service == state.fact(fact::kToDatabaseService) && one.running() && !one.one_off)
      found.push_back(one.id);
  return found.size() == 1 ? found[0] : state.fact(fact::kNewDatabase);
}

backup::BackupOptions reach_new_database(const std::string& container_id, backup::BackupOptions source,
                                         const std::string& database, Observer& observer,
                                         const std::stop_token& stop) {
  // What the source says is of the old one.
  source.connection = {};
  return reach_database(std::move(source), container_id, database, observer, stop);
}

RollbackReport roll_back(const Repository& repository, SwitchJournal& journal, const RollbackOptions& options,
                         Observer& observer, std::stop_token stop) {
  return Rollback(repository, journal, options, observer, std::move(stop)).run();
}

}  // namespace pgassay::stack
