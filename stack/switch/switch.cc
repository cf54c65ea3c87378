#include "stack/switch/switch.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "core/system/cancellation.h"
#include "core/system/split.h"
#include "stack/switch/run.h"

namespace pgassay::stack {
namespace {

class Switching {
 public:
  Switching(const Repository& repository, SwitchJournal& journal, const SwitchOptions& options,
            const SwitchScene& scene, Observer& observer, std::stop_token stop)
      : repository_(repository),
        journal_(journal),
        options_(options),
        scene_(scene),
        observer_(observer),
        stop_(std::move(stop)) {}

  SwitchReport run(SwitchStep first) {
    try {
      steps(first);
      return done();
    } catch (const Stopped& error) {
      if (undone("interrupted", {})) error.raise();
    } catch (const Error& error) {
      if (undone(error.what(), error.hint())) error.with_outcome(outcome_)->raise();
    } catch (const std::exception& error) {
      if (undone(error.what(), {})) Error(error.what()).with_outcome(outcome_)->raise();
    }
    return undecided_;
  }

 private:
  void steps(SwitchStep first) {
    const std::vector<SwitchStep> all = switch_steps(options_.keep_data);
    SwitchRun run(repository_, journal_, options_, scene_, observer_, stop_);
    for (auto step = std::ranges::find(all, first); step != all.end(); ++step) {
      throw_if_stopped(stop_);
      current_ = std::string(to_string(*step));
      // Seen before the step is begun: from the point of no return on, nobody goes back by himself.
      if (!replay(journal_.entries()).passed_the_point()) run.check_old_is_there();
      journal_.add(entry::kStepBegun, {{fact::kStep, current_}});
      observer_.phase(current_);
      const std::string detail = run.act(*step);
      journal_.add(entry::kStepDone, {{fact::kStep, current_}, {fact::kDetail, detail}});
      observer_.message(Level::info, current_ + ": " + detail);
    }
  }

  SwitchReport done() {
    const SwitchState state = replay(journal_.entries());
    journal_.add(entry::kSwitched, {});
    SwitchReport report;
    report.final_backup = state.fact(fact::kFinal);
    report.downtime_seconds = std::strtod(state.fact(fact::kDowntime).c_str(), nullptr);
    report.carried = parse_volume_pairs(state.fact(fact::kVolumes));
    report.volumes_left = split_nonempty(state.fact(fact::kVolumesLeft), ',');
    return report;
  }

  void note(const char* what, SwitchFacts facts) { journal_.add_or_warn(what, std::move(facts), observer_); }

  /// True: the old stack is as it was. False: `undecided_` says how it stands. Throws what could not be
  /// undone.
  bool undone(const std::string& what, const std::string& hint) {
    note(entry::kStepFailed, {{fact::kStep, current_}, {fact::kDetail, what}});
    const SwitchState state = replay(journal_.entries());
    if (!state.begun.contains(kFirstTouch)) {
      note(entry::kGivenUp, {});
      outcome_ = "nothing of the old stack was touched";
      return true;
    }
    observer_.message(Level::error, current_ + ": " + what, hint);
    if (state.passed_the_point()) {
      const std::string differs = why_not_back(state);
      if (!differs.empty()) {
        leave_undecided(what, differs);
        return false;
      }
      note(entry::kFact, {{fact::kSame, "yes"}});
    }
    outcome_ = go_back(what);
    return true;
  }

  /// Returns what came of it.
  std::string go_back(const std::string& what) {
    observer_.message(Level::info, "rolling back");
    RollbackReport report;
    const RollbackOptions options{options_.source, options_.verify, options_.settings.health_timeout,
                                  false,           options_.routes, what};
    try {
      // Not to be stopped half way.
      report = roll_back(repository_, journal_, options, observer_, {});
    } catch (const Error& error) {
      const std::string text =
          fmt::format("{}; and the rollback did not come to its end: {}", what, error.what());
      const std::string hint = fmt::format("{}{}pgassay stack rollback {}", error.hint(),
                                           error.hint().empty() ? "" : "; ", options_.settings.name);
      // Who is interrupted is told nothing else.
      observer_.message(Level::error, text, hint);
      throw Error(text, hint);
    }
    const std::string outcome = report.gone.empty()
                                    ? "rolled back: the old stack runs as before"
                                    : fmt::format("rolled back: the old stack runs as before, but without {}",
                                                  fmt::join(report.gone, ", "));
    observer_.message(Level::info, outcome);
    return outcome;
  }

  /// Empty: the new stack's writers are stopped, and wrote nothing.
  std::string why_not_back(const SwitchState& state) {
    try {
      const StackContainers containers(options_.settings.health_timeout);
      stop_new_writers(state, containers, {});
      const backup::BackupOptions reached =
          reach_new_database(new_database_of(state, containers, {}), options_.source,
                             state.fact(fact::kRestored), observer_, {});
      await_stillness(reached.connection, {});
      return difference(reached.connection, read_manifest(repository_.find(state.fact(fact::kFinal)).dir),
                        options_.verify.jobs, observer_, {});
    } catch (const Error& error) {
      return fmt::format("it is not known what it wrote: {}", error.what());
    }
  }

  void leave_undecided(const std::string& what, const std::string& differs) {
    note(entry::kUndecided, {{fact::kDetail, differs}});
    const std::string& name = options_.settings.name;
    undecided_.outcome = SwitchReport::Outcome::undecided;
    undecided_.final_backup = replay(journal_.entries()).fact(fact::kFinal);
    undecided_.problem = fmt::format(
        "{}: {}; the new stack's database is not the final backup any more ({}), so nothing was rolled back; "
        "its writers are stopped",
        current_, what, differs);
    undecided_.hint = fmt::format(
        "mend it and go on: pgassay stack switch {0} --resume; or back, what was written since is backed up "
        "first: pgassay stack rollback {0}",
        name);
  }

  const Repository& repository_;
  SwitchJournal& journal_;
  const SwitchOptions& options_;
  const SwitchScene& scene_;
  Observer& observer_;
  std::stop_token stop_;
  std::string current_, outcome_;
  SwitchReport undecided_;
};

std::string obstacles_of(const SwitchPlan& plan) {
  std::string text;
  for (const Obstacle& one : plan.obstacles) text += (text.empty() ? "" : "; ") + one.text;
  return text;
}

}  // namespace

void check_may_begin(const Repository& repository, const SwitchPlan& plan, const SwitchScene& scene) {
  for (const std::string& name : SwitchJournal::names(repository)) {
    const auto journal = SwitchJournal::newest(repository, name);
    if (!journal) continue;
    const SwitchState state = replay(journal->entries());
    if (state.open())
      throw Refused(
          fmt::format("the last switch {} is {}", name, to_string(state.standing)),
          fmt::format("pgassay stack status {}; then {}", name, fmt::join(ways_from(state), ", or ")));
    if (state.standing != SwitchStage::switched) continue;
    for (const SwitchedContainer& old : state.old_containers)
      for (const StackContainer& one : scene.new_there)
        if (one.id == old.id)
          throw Refused(
              fmt::format("the container {} of the stack {} is what `pgassay stack rollback {}` would start",
                          one.name, plan.facts.at(fact::kTo), name),
              fmt::format("go back by that; or give that way up: pgassay stack forget {}", name));
  }
}

SwitchReport run_switch(const Repository& repository, const SwitchLock&, const SwitchOptions& options,
                        const SwitchScene& scene, const SwitchPlan& plan, Observer& observer,
                        std::stop_token stop) {
  check_may_begin(repository, plan, scene);
  if (!plan.obstacles.empty()) throw Error(obstacles_of(plan), plan.obstacles[0].hint, plan.exit);
  SwitchJournal journal = SwitchJournal::begin(repository, options.settings.name);
  journal.add(entry::kBegun, plan.facts);
  for (const SwitchedContainer& one : plan.old_containers) journal.add(entry::kContainer, facts_of(one));
  return Switching(repository, journal, options, scene, observer, std::move(stop)).run(plan.steps.at(0).step);
}

SwitchReport resume_switch(const Repository& repository, const SwitchLock&, SwitchOptions options,
                           const SwitchScene& scene, Observer& observer, std::stop_token stop) {
  std::optional<SwitchJournal> journal = SwitchJournal::newest(repository, options.settings.name);
  const SwitchState state = journal ? replay(journal->entries()) : SwitchState{};
  const GoingOn on = going_on(state);
  if (!on.from) throw Refused(on.why, on.hint);
  if (state.fact(fact::kFromProject) != scene.old_project() ||
      state.fact(fact::kToProject) != scene.new_project())
    throw Refused("the configuration names other stacks than the journal of the switch",
                  "pgassay stack rollback " + options.settings.name);
  options.keep_data = state.keeps_data();
  options.data_from_backup = state.fact(fact::kDataFromBackup) == "yes";
  return Switching(repository, *journal, options, scene, observer, std::move(stop)).run(*on.from);
}

}  // namespace pgassay::stack
