#include "stack/switch/state.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace pgassay::stack {
namespace {

constexpr std::pair<SwitchStage, std::string_view> kStandings[] = {
    {SwitchStage::none, "none"},
    {SwitchStage::untouched, "begun, nothing touched"},
    {SwitchStage::given_up, "given up, nothing touched"},
    {SwitchStage::before_return, "interrupted before the point of no return"},
    {SwitchStage::past_return, "interrupted after the point of no return"},
    {SwitchStage::undecided, "undecided"},
    {SwitchStage::switched, "switched"},
    {SwitchStage::rolling_back, "rollback interrupted"},
    {SwitchStage::rolled_back, "rolled back"},
    {SwitchStage::forgotten, "forgotten"},
};

std::string at(const SwitchFacts& facts, const char* name) {
  const auto found = facts.find(name);
  return found == facts.end() ? std::string() : found->second;
}

SwitchedContainer container_of(const SwitchFacts& facts) {
  SwitchedContainer one{at(facts, "id"), at(facts, "container"), at(facts, "service"), at(facts, "image"),
                        at(facts, "restart")};
  one.ran = at(facts, "ran") == "yes";
  one.well = at(facts, "well") == "yes";
  one.is_database = at(facts, "role") == "database";
  one.is_writer = at(facts, "role") == "writer";
  return one;
}

}  // namespace

SwitchFacts facts_of(const SwitchedContainer& one) {
  return {{"id", one.id},
          {"container", one.name},
          {"service", one.service},
          {"image", one.image},
          {"restart", one.restart},
          {"ran", one.ran ? "yes" : "no"},
          {"well", one.well ? "yes" : "no"},
          {"role", one.is_database ? "database"
                   : one.is_writer ? "writer"
                                   : "other"}};
}

namespace {

/// The new stack runs: what it wrote before is not all that it will have written.
void forget_saved(SwitchState& state) {
  state.facts.erase(fact::kSaved);
  state.facts.erase(fact::kSame);
}

void begin_step(SwitchState& state, const JournalEntry& entry) {
  const auto step = parse_switch_step(at(entry.facts, fact::kStep));
  if (!step) return;
  state.begun.insert(*step);
  state.done.erase(*step);
  state.last = *step;
  if (*step == kPointOfNoReturn) forget_saved(state);
  if (*step == kFirstTouch && !state.writers_stopped) state.writers_stopped = entry.at;
  if (state.begun.contains(kPointOfNoReturn)) {
    state.standing = SwitchStage::past_return;
  } else if (state.begun.contains(kFirstTouch)) {
    state.standing = SwitchStage::before_return;
  }
}

/// What is said first of one is how it was.
void add_as_it_was_first(std::vector<SwitchedContainer>& all, SwitchedContainer container) {
  if (std::ranges::find(all, container.id, &SwitchedContainer::id) == all.end())
    all.push_back(std::move(container));
}

void begin_rollback(SwitchState& state) {
  if (state.standing == SwitchStage::rolling_back) return;
  state.before_rollback = state.standing;
  state.standing = SwitchStage::rolling_back;
  state.new_containers.clear();
  state.facts.erase(fact::kOldRan);
}

void end(SwitchState& state, SwitchStage standing, const JournalEntry& entry) {
  state.standing = standing;
  state.ended = entry.at;
}

/// The first that is not done.
SwitchStep next_step(const SwitchState& state) {
  const std::vector<SwitchStep> steps = switch_steps(state.keeps_data());
  const auto next = std::ranges::find_if(steps, [&](SwitchStep step) { return !state.done.contains(step); });
  return next == steps.end() ? steps.back() : *next;
}

}  // namespace

std::string_view to_string(SwitchStage standing) {
  return std::ranges::find(kStandings, standing, &std::pair<SwitchStage, std::string_view>::first)->second;
}

std::string SwitchState::fact(const char* name) const {
  return at(facts, name);
}

bool SwitchState::open() const {
  using enum SwitchStage;
  return standing == before_return || standing == past_return || standing == undecided ||
         standing == rolling_back;
}

SwitchState replay(std::span<const JournalEntry> entries) {
  SwitchState state;
  for (const JournalEntry& one : entries) {
    if (one.what == entry::kBegun) {
      state = {};
      state.standing = SwitchStage::untouched;
      state.facts = one.facts;
      state.started = one.at;
    } else if (one.what == entry::kContainer) {
      add_as_it_was_first(state.old_containers, container_of(one.facts));
    } else if (one.what == entry::kFact) {
      for (const auto& [key, value] : one.facts) state.facts[key] = value;
    } else if (one.what == entry::kStepBegun) {
      begin_step(state, one);
    } else if (one.what == entry::kStepDone) {
      if (const auto step = parse_switch_step(at(one.facts, fact::kStep))) state.done.insert(*step);
    } else if (one.what == entry::kStepFailed) {
      state.failure = at(one.facts, fact::kStep) + ": " + at(one.facts, fact::kDetail);
    } else if (one.what == entry::kGivenUp) {
      end(state, SwitchStage::given_up, one);
    } else if (one.what == entry::kRollbackBegun) {
      begin_rollback(state);
    } else if (one.what == entry::kNewContainer) {
      add_as_it_was_first(state.new_containers, container_of(one.facts));
    } else if (one.what == entry::kTakenBack) {
      end(state, state.before_rollback, one);
      forget_saved(state);
    } else if (one.what == entry::kRolledBack) {
      end(state, SwitchStage::rolled_back, one);
    } else if (one.what == entry::kUndecided) {
      end(state, SwitchStage::undecided, one);
    } else if (one.what == entry::kSwitched) {
      state.facts.insert(one.facts.begin(), one.facts.end());
      end(state, SwitchStage::switched, one);
      forget_saved(state);
    } else if (one.what == entry::kForgotten) {
      end(state, SwitchStage::forgotten, one);
    }
  }
  return state;
}

namespace {

/// Of the last switch of each name. A journal that can't be read tells of none: no backup is to fail for
/// that.
std::vector<SwitchState> last_switches(const Repository& repository) {
  std::vector<SwitchState> states;
  try {
    for (const std::string& name : SwitchJournal::names(repository))
      if (const auto journal = SwitchJournal::newest(repository, name))
        states.push_back(replay(journal->entries()));
  } catch (const Error&) {  // the others are known
  }
  return states;
}

}  // namespace

std::set<std::string> servers_of_switches(const Repository& repository, const std::string& source) {
  std::set<std::string> servers;
  for (const SwitchState& state : last_switches(repository)) {
    const std::string before = state.fact(fact::kOldServer), after = state.fact(fact::kNewServer);
    if (state.fact(fact::kSource) == source && !before.empty() && !after.empty())
      servers.insert({before, after});
  }
  return servers;
}

std::map<std::string, std::string> retired_containers(const Repository& repository) {
  std::map<std::string, std::string> retired;
  for (const SwitchState& state : last_switches(repository)) {
    const bool there = state.standing == SwitchStage::switched,
               back = state.standing == SwitchStage::rolled_back;
    if (!there && !back) continue;
    for (const SwitchedContainer& one : there ? state.old_containers : state.new_containers)
      retired[one.id] = fmt::format(
          "{} of {} has stopped it for good: the database is the one of the project {} now; name that in the "
          "source",
          there ? "the switch" : "the rollback", state.fact(fact::kName),
          state.fact(there ? fact::kToProject : fact::kFromProject));
  }
  return retired;
}

GoingOn going_on(const SwitchState& state) {
  const std::string name = state.fact(fact::kName);
  switch (state.standing) {
    case SwitchStage::none:
      return {{}, "there is no switch to go on with", "pgassay stack switch NAME begins one"};
    case SwitchStage::untouched:
    case SwitchStage::given_up:
      return {{}, "the last one touched nothing", "begin anew, without --resume"};
    case SwitchStage::before_return:
      return {next_step(state), {}, {}};
    case SwitchStage::past_return:  // its writers may be stopped again
    case SwitchStage::undecided:
      return {kPointOfNoReturn, {}, {}};
    case SwitchStage::switched:
    case SwitchStage::forgotten:
      return {{}, "it is done already", "pgassay stack status " + name};
    case SwitchStage::rolling_back:
      return {{},
              "it is being rolled back",
              fmt::format("pgassay stack rollback {0}, which takes --abandon to give the rollback up", name)};
    case SwitchStage::rolled_back:
      return {{}, "it was rolled back", "begin anew, without --resume"};
  }
  return {};
}

GoingBack going_back(const SwitchState& state) {
  switch (state.standing) {
    case SwitchStage::none:
      return {WayBack::none, "there is no switch to roll back", "pgassay stack status"};
    case SwitchStage::forgotten:
      return {WayBack::none, "its old containers were removed (stack forget)",
              "a backup brings the data back: pgassay list"};
    case SwitchStage::untouched:
    case SwitchStage::given_up:
    case SwitchStage::rolled_back:
      return {WayBack::nothing, {}, {}};
    case SwitchStage::before_return:
      return {WayBack::start_old, {}, {}};
    case SwitchStage::past_return:
    case SwitchStage::undecided:
    case SwitchStage::switched:
      return {WayBack::save_then_old, {}, {}};
    case SwitchStage::rolling_back:
      // Once it was saved, or found equal, its writers stayed stopped.
      return {
          !state.passed_the_point() || !state.fact(fact::kSaved).empty() || state.fact(fact::kSame) == "yes"
              ? WayBack::start_old
              : WayBack::save_then_old,
          {},
          {}};
  }
  return {};
}

TakingBack taking_back(const SwitchState& state) {
  if (state.standing == SwitchStage::rolling_back) return {true, {}, {}};
  return {false, "no rollback of it is under way", "pgassay stack status " + state.fact(fact::kName)};
}

std::vector<std::string> ways_from(const SwitchState& state) {
  const std::string name = state.fact(fact::kName);
  std::vector<std::string> ways;
  if (going_on(state).from) ways.push_back("pgassay stack switch " + name + " --resume");
  const WayBack way = going_back(state).way;
  if (way == WayBack::start_old || way == WayBack::save_then_old)
    ways.push_back("pgassay stack rollback " + name);
  if (taking_back(state).may) ways.push_back("pgassay stack rollback " + name + " --abandon");
  if (state.standing == SwitchStage::switched) ways.push_back("pgassay stack forget " + name);
  return ways;
}

}  // namespace pgassay::stack
