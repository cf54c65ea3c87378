#include "stack/switch/return.h"

#include <fmt/format.h>

#include "stack/switch/database.h"

namespace pgassay::stack {
namespace {

class Return {
 public:
  Return(const Repository& repository, SwitchJournal& journal, const RollbackOptions& options,
         Observer& observer, std::stop_token stop)
      : repository_(repository),
        journal_(journal),
        options_(options),
        observer_(observer),
        stop_(std::move(stop)),
        containers_(options.health_timeout),
        state_(replay(journal.entries())) {}

  void run() {
    const TakingBack back = taking_back(state_);
    if (!back.may) throw Refused(back.why, back.hint);
    observer_.phase("stop old stack");
    containers_.stop_for_good(state_.ids_that_ran([](const auto& one) { return !one.is_database; }), {},
                              stop_);
    if (state_.passed_the_point()) {
      if (old_may_have_run() && !state_.keeps_data()) prove_that_nothing_was_written();
      containers_.stop_for_good(old_database(), kServerStopSeconds, stop_);
      observer_.phase("start new stack");
      start_new();
    }
    journal_.add(entry::kTakenBack);
  }

 private:
  /// A rollback in the middle of a switch starts the old stack though it can't write that down.
  bool old_may_have_run() const {
    return state_.fact(fact::kOldRan) == "yes" || state_.before_rollback == SwitchStage::past_return;
  }

  std::vector<std::string> old_database() const {
    return state_.ids_that_ran([](const auto& one) { return one.is_database; });
  }

  /// Since the final backup, by the old stack that a rollback has started.
  void prove_that_nothing_was_written() {
    const std::string name = state_.fact(fact::kName);
    const std::string hint = fmt::format("go on with the rollback: pgassay stack rollback {}", name);
    std::string differs;
    try {
      const std::vector<std::string> database = old_database();
      for (const std::string& id : database) containers_.start(id, stop_);
      containers_.await_well(database, stop_);
      const backup::BackupOptions reached =
          reach_database(options_.source, database.at(0), state_.fact(fact::kDatabase), observer_, stop_);
      differs = difference(reached.connection, read_manifest(repository_.find(state_.fact(fact::kFinal)).dir),
                           options_.verify.jobs, observer_, stop_);
    } catch (const Error& error) {
      error.raise_if(ErrorKind::stopped);
      throw Refused(fmt::format("it is not known what the old stack wrote since the rollback started it: {}",
                                error.what()),
                    hint);
    }
    if (!differs.empty())
      throw Refused(
          "the old stack wrote since the rollback started it, so the new one can't take over: " + differs,
          hint);
  }

  void start_new() {
    for (const bool database : {true, false}) {
      std::vector<std::string> started;
      for (const SwitchedContainer& one : state_.new_containers) {
        if (!one.ran || one.is_database != database) continue;
        containers_.start(one.id, stop_);
        containers_.set_restart(one.id, one.restart, stop_);
        if (one.well) started.push_back(one.id);
      }
      containers_.await_well(started, stop_);
    }
  }

  const Repository& repository_;
  SwitchJournal& journal_;
  const RollbackOptions& options_;
  Observer& observer_;
  std::stop_token stop_;
  StackContainers containers_;
  SwitchState state_;
};

}  // namespace

void take_back(const Repository& repository, SwitchJournal& journal, const RollbackOptions& options,
               Observer& observer, std::stop_token stop) {
  Return(repository, journal, options, observer, std::move(stop)).run();
}

}  // namespace pgassay::stack
