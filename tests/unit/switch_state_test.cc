#include "stack/switch/state.h"
#include "stack/switch/status.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "core/system/error.h"
#include "tests/fixtures/temporary_dir.h"

namespace pgassay {
namespace {

using Entries = std::vector<stack::JournalEntry>;

stack::JournalEntry one(const char* what, stack::SwitchFacts facts = {}) {
  return {parse_rfc3339("2026-11-26T02:00:00Z"), what, std::move(facts)};
}

Entries begun() {
  stack::SwitchedContainer database{"db1", "old_db_1", "db",  "sha256:1", "unless-stopped",
                                    true,  true,       false, true};
  stack::SwitchedContainer writer{"w1", "old_api_1", "api", "sha256:2", "on-failure:3",
                                  true, false,       true,  true};
  return {one(stack::entry::kBegun, {{stack::fact::kName, "prod"}, {stack::fact::kKeepData, "no"}}),
          one(stack::entry::kContainer, facts_of(database)), one(stack::entry::kContainer, facts_of(writer))};
}

/// A whole switch, as it is written: begin and end of every step.
Entries whole(bool keep_data = false) {
  Entries all = begun();
  all[0].facts[stack::fact::kKeepData] = keep_data ? "yes" : "no";
  for (const stack::SwitchStep step : stack::switch_steps(keep_data)) {
    all.push_back(one(stack::entry::kStepBegun, {{stack::fact::kStep, std::string(to_string(step))}}));
    all.push_back(one(stack::entry::kStepDone, {{stack::fact::kStep, std::string(to_string(step))}}));
  }
  all.push_back(one(stack::entry::kSwitched));
  return all;
}

/// What the last step that this prefix has begun is; and is it done?
std::optional<stack::SwitchStep> last_begun(const Entries& entries) {
  std::optional<stack::SwitchStep> last;
  for (const stack::JournalEntry& entry : entries)
    if (entry.what == stack::entry::kStepBegun)
      last = stack::parse_switch_step(entry.facts.at(stack::fact::kStep));
  return last;
}

TEST(SwitchState, OfEveryPrefixOfAJournalSaysHowToGoOnAndBack) {
  for (const bool keep_data : {false, true}) {
    const Entries all = whole(keep_data);
    const std::vector<stack::SwitchStep> steps = stack::switch_steps(keep_data);
    const auto place = [&](stack::SwitchStep step) { return std::ranges::find(steps, step) - steps.begin(); };
    for (std::size_t n = 0; n < all.size(); ++n) {
      const Entries prefix(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(n));
      const stack::SwitchState state = replay(prefix);
      const std::optional<stack::SwitchStep> last = last_begun(prefix);
      const stack::GoingOn on = going_on(state);
      const stack::GoingBack back = going_back(state);
      SCOPED_TRACE("prefix of " + std::to_string(n));
      if (n == 0) {
        EXPECT_FALSE(on.from);
        EXPECT_EQ(back.way, stack::WayBack::none);
      } else if (!last || place(*last) < place(stack::kFirstTouch)) {
        EXPECT_FALSE(on.from);
        EXPECT_FALSE(state.open());
        EXPECT_EQ(back.way, stack::WayBack::nothing);
      } else if (place(*last) < place(stack::kPointOfNoReturn)) {
        EXPECT_TRUE(state.open());
        EXPECT_EQ(back.way, stack::WayBack::start_old);
        // The step that was under way is done again, one that was done is not.
        const bool done = prefix.back().what == stack::entry::kStepDone;
        EXPECT_EQ(on.from, done ? steps[place(*last) + 1] : *last);
      } else {
        EXPECT_TRUE(state.open());
        EXPECT_EQ(back.way, stack::WayBack::save_then_old);
        EXPECT_EQ(on.from, stack::kPointOfNoReturn);
      }
    }
    const stack::SwitchState switched = replay(all);
    EXPECT_EQ(switched.standing, stack::SwitchStage::switched);
    EXPECT_FALSE(switched.open());
    EXPECT_FALSE(going_on(switched).from);
    EXPECT_EQ(going_back(switched).way, stack::WayBack::save_then_old);
  }
}

TEST(SwitchState, OfARollbackThatWasInterruptedOnlyGoesBack) {
  const Entries all = whole();
  for (std::size_t n = 3; n < all.size(); ++n) {
    Entries entries(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(n));
    const stack::SwitchState before = replay(entries);
    if (!before.open()) continue;
    entries.push_back(one(stack::entry::kRollbackBegun));
    const stack::SwitchState state = replay(entries);
    EXPECT_FALSE(going_on(state).from);
    // What the new stack may have written is saved before the old one starts, and only once.
    EXPECT_EQ(going_back(state).way,
              before.passed_the_point() ? stack::WayBack::save_then_old : stack::WayBack::start_old);
    Entries saved = entries, same = entries;
    saved.push_back(one(stack::entry::kFact, {{stack::fact::kSaved, "prod/app/20261126T020000Z"}}));
    same.push_back(one(stack::entry::kFact, {{stack::fact::kSame, "yes"}}));
    EXPECT_EQ(going_back(replay(saved)).way, stack::WayBack::start_old);
    EXPECT_EQ(going_back(replay(same)).way, stack::WayBack::start_old);
    entries.push_back(one(stack::entry::kRolledBack));
    EXPECT_EQ(going_back(replay(entries)).way, stack::WayBack::nothing);
    EXPECT_FALSE(replay(entries).open());
  }
}

/// Of resume, rollback, its --abandon and forget at least one may be done, at every moment of a switch and of
/// a rollback of it.
TEST(SwitchState, NeverLeavesAnOperatorWithoutAWay) {
  for (const bool keep_data : {false, true}) {
    Entries all = whole(keep_data);
    for (const char* entry : {stack::entry::kRollbackBegun, stack::entry::kNewContainer,
                              stack::entry::kStepFailed, stack::entry::kTakenBack,
                              stack::entry::kRollbackBegun, stack::entry::kUndone, stack::entry::kRolledBack})
      all.push_back(one(entry));
    for (std::size_t n = 1; n <= all.size(); ++n) {
      const stack::SwitchState state = replay(std::span(all).first(n));
      SCOPED_TRACE("prefix of " + std::to_string(n));
      const bool back = going_back(state).way != stack::WayBack::none;
      EXPECT_TRUE(back || going_on(state).from || taking_back(state).may);
      // What a hint names may be done, and what may be done is named.
      const stack::WayBack way = going_back(state).way;
      const auto may = [&](const std::string& command) {
        const std::vector<std::string> ways = ways_from(state);
        return std::ranges::find(ways, command) != ways.end();
      };
      EXPECT_EQ(may("pgassay stack switch prod --resume"), going_on(state).from.has_value());
      EXPECT_EQ(may("pgassay stack rollback prod"),
                way == stack::WayBack::start_old || way == stack::WayBack::save_then_old);
      EXPECT_EQ(may("pgassay stack rollback prod --abandon"), taking_back(state).may);
      EXPECT_EQ(may("pgassay stack forget prod"), state.standing == stack::SwitchStage::switched);
      for (const std::string& hint : {going_on(state).hint, going_back(state).hint, taking_back(state).hint})
        for (const char* command : {"pgassay stack switch prod --resume", "pgassay stack rollback prod",
                                    "pgassay stack forget prod"})
          EXPECT_TRUE(hint.find(command) == std::string::npos || may(command)) << hint;
      if (state.open()) {
        EXPECT_TRUE(going_on(state).from || going_back(state).way != stack::WayBack::nothing);
      }
    }
  }
}

TEST(SwitchState, OfARollbackThatWasTakenBackIsWhatItWasBefore) {
  const Entries all = whole();
  for (std::size_t n = 3; n <= all.size(); ++n) {
    Entries entries(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(n));
    const stack::SwitchState before = replay(entries);
    if (going_back(before).way == stack::WayBack::nothing) continue;
    EXPECT_FALSE(taking_back(before).may);
    entries.push_back(one(stack::entry::kRollbackBegun));
    entries.push_back(one(stack::entry::kFact, {{stack::fact::kSaved, "prod/app/20261126T020000Z"}}));
    EXPECT_TRUE(taking_back(replay(entries)).may);
    entries.push_back(one(stack::entry::kTakenBack));
    const stack::SwitchState state = replay(entries);
    EXPECT_EQ(state.standing, before.standing);
    EXPECT_EQ(going_on(state).from, going_on(before).from);
    // The new stack wrote on: it is saved anew.
    entries.push_back(one(stack::entry::kRollbackBegun));
    EXPECT_EQ(going_back(replay(entries)).way, going_back(before).way);
  }
}

TEST(SwitchState, AfterThePointOfNoReturnLeavesTheChoice) {
  Entries entries = whole();
  entries.back() = one(stack::entry::kUndecided);
  const stack::SwitchState state = replay(entries);
  EXPECT_TRUE(state.open());
  EXPECT_EQ(going_on(state).from, stack::kPointOfNoReturn);
  EXPECT_EQ(going_back(state).way, stack::WayBack::save_then_old);
}

TEST(SwitchState, RemembersContainersAsTheyWereFirst) {
  Entries entries = begun();
  stack::SwitchedContainer later{"w1", "old_api_1", "api", "sha256:2", "no", false, false, true, false};
  entries.push_back(one(stack::entry::kContainer, facts_of(later)));
  const stack::SwitchState state = replay(entries);
  ASSERT_EQ(state.old_containers.size(), 2u);
  EXPECT_EQ(state.old_containers[1].restart, "on-failure:3");
  EXPECT_TRUE(state.old_containers[1].ran);
  EXPECT_TRUE(state.old_containers[1].well);
  EXPECT_TRUE(state.old_containers[0].is_database);
}

TEST(SwitchState, OnceForgottenHasNoWayBack) {
  Entries entries = whole();
  entries.push_back(one(stack::entry::kForgotten));
  EXPECT_EQ(going_back(replay(entries)).way, stack::WayBack::none);
}

TEST(SwitchSteps, StopTheOldServerBeforeANewOneTakesItsVolume) {
  const auto before = [](const std::vector<stack::SwitchStep>& steps, stack::SwitchStep one,
                         stack::SwitchStep other) {
    return std::ranges::find(steps, one) < std::ranges::find(steps, other);
  };
  EXPECT_TRUE(
      before(stack::switch_steps(true), stack::SwitchStep::stop_old, stack::SwitchStep::new_database));
  for (const bool keep_data : {false, true}) {
    const auto steps = stack::switch_steps(keep_data);
    EXPECT_TRUE(before(steps, stack::SwitchStep::stop_writers, stack::SwitchStep::final_backup));
    EXPECT_TRUE(before(steps, stack::SwitchStep::final_backup, stack::SwitchStep::restore));
    EXPECT_TRUE(before(steps, stack::SwitchStep::restore, stack::kPointOfNoReturn));
    EXPECT_TRUE(before(steps, stack::SwitchStep::stop_old, stack::SwitchStep::carry_volumes));
    EXPECT_TRUE(before(steps, stack::SwitchStep::carry_volumes, stack::kPointOfNoReturn));
    for (const stack::SwitchStep step : steps) EXPECT_EQ(stack::parse_switch_step(to_string(step)), step);
  }
}

TEST(SwitchJournal, IsReadBackWithoutTheLineThatACrashTore) {
  const test::TemporaryDir dir;
  const Repository repository = Repository::open_or_create(dir.path() / "repo");
  EXPECT_FALSE(stack::SwitchJournal::newest(repository, "prod"));
  stack::SwitchJournal written = stack::SwitchJournal::begin(repository, "prod");
  written.add(stack::entry::kBegun, {{stack::fact::kName, "prod"}, {"odd", "a\nb \"c\""}});
  written.add(stack::entry::kStepBegun, {{stack::fact::kStep, "stop writers"}});
  EXPECT_EQ(status_of(written.file()).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  std::string text = read_file(written.file());
  replace_file(written.file(), text + R"({"format": 1, "at": "2026-)");

  auto again = stack::SwitchJournal::newest(repository, "prod");
  ASSERT_TRUE(again);
  ASSERT_EQ(again->entries().size(), 2u);
  EXPECT_EQ(again->entries()[0].facts.at("odd"), "a\nb \"c\"");
  again->add(stack::entry::kStepDone, {{stack::fact::kStep, "stop writers"}});
  EXPECT_EQ(stack::SwitchJournal::newest(repository, "prod")->entries().size(), 3u);
  EXPECT_EQ(stack::SwitchJournal::names(repository), std::vector<std::string>{"prod"});

  replace_file(written.file(), "no journal\n" + text);
  EXPECT_THROW(stack::SwitchJournal::newest(repository, "prod"), BadBackup);
}

TEST(SwitchJournal, NewestIsTheLastThatWasBegun) {
  const test::TemporaryDir dir;
  const Repository repository = Repository::open_or_create(dir.path() / "repo");
  for (int n = 0; n < 11; ++n)
    stack::SwitchJournal::begin(repository, "prod").add(stack::entry::kBegun, {{"n", std::to_string(n)}});
  EXPECT_EQ(stack::SwitchJournal::newest(repository, "prod")->entries().at(0).facts.at("n"), "10");
}

TEST(SwitchLock, IsOneForAllSwitches) {
  const test::TemporaryDir dir;
  const Repository repository = Repository::open_or_create(dir.path() / "repo");
  const stack::SwitchLock held(repository);
  EXPECT_THROW(stack::SwitchLock{repository}, Locked);
}

TEST(SwitchStatus, KnowsThatASwitchGoesOnNowAndProposesNothingThen) {
  const test::TemporaryDir dir;
  const Repository repository = Repository::open_or_create(dir.path() / "repo");
  stack::SwitchJournal journal = stack::SwitchJournal::begin(repository, "app");
  journal.add(stack::entry::kBegun, {{stack::fact::kName, "app"}});
  {
    const stack::SwitchLock held(repository);
    EXPECT_TRUE(stack::switch_status(repository, "app").under_way) << "in its first step";
    journal.add(stack::entry::kStepBegun, {{stack::fact::kStep, std::string(to_string(stack::kFirstTouch))}});
    EXPECT_TRUE(stack::switch_status(repository, "app").under_way);
    EXPECT_EQ(stack::switch_status(repository, "app").next, std::vector<std::string>())
        << "all would be refused";
  }
  EXPECT_FALSE(stack::switch_status(repository, "app").under_way);
  EXPECT_NE(stack::switch_status(repository, "app").next, std::vector<std::string>());
}

TEST(RetiredContainers, AreThoseThatAFinishedSwitchHasStopped) {
  const test::TemporaryDir dir;
  const Repository repository = Repository::open_or_create(dir.path() / "repo");
  stack::SwitchJournal journal = stack::SwitchJournal::begin(repository, "app");
  journal.add(stack::entry::kBegun, {{stack::fact::kName, "app"},
                                     {stack::fact::kSource, "prod"},
                                     {stack::fact::kFromProject, "old"},
                                     {stack::fact::kToProject, "new"}});
  journal.add(stack::entry::kContainer, facts_of(stack::SwitchedContainer{"1", "old-db-1", "db", "", "no"}));
  journal.add(stack::entry::kFact, {{stack::fact::kOldServer, "71"}, {stack::fact::kNewServer, "72"}});
  EXPECT_TRUE(stack::retired_containers(repository).empty());
  journal.add(stack::entry::kSwitched, {});
  EXPECT_NE(stack::retired_containers(repository).at("1").find("the project new now"), std::string::npos);
  EXPECT_EQ(stack::servers_of_switches(repository, "prod"), (std::set<std::string>{"71", "72"}));
  EXPECT_TRUE(stack::servers_of_switches(repository, "staging").empty());
  journal.add(stack::entry::kRollbackBegun, {});
  journal.add(stack::entry::kNewContainer,
              facts_of(stack::SwitchedContainer{"2", "new-db-1", "db", "", "no"}));
  journal.add(stack::entry::kRolledBack, {});
  EXPECT_FALSE(stack::retired_containers(repository).contains("1"));
  EXPECT_NE(stack::retired_containers(repository).at("2").find("the project old now"), std::string::npos);
}

}  // namespace
}  // namespace pgassay
