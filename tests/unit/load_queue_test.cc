#include "restore/load_queue.h"

#include <gtest/gtest.h>

#include <chrono>
#include <deque>
#include <future>
#include <map>
#include <set>
#include <string>
#include <thread>

#include "core/system/error.h"

namespace pgassay {
namespace {

/// Tables of the given numbers of parts, all of one size.
class Tables {
 public:
  void add(const std::string& name, std::size_t parts, bool fresh = true, std::uint64_t raw = 100) {
    Relation& relation = relations_.emplace_back();
    relation.name = {"public", name};
    relation.parts.resize(parts);
    LoadTable table{&relation, {}, fresh};
    for (Part& part : relation.parts) {
      part.raw = raw;
      table.parts.push_back(&part);
    }
    load.push_back(table);
  }
  std::vector<LoadTable> load;

 private:
  std::deque<Relation> relations_;
};

std::string name_of(const std::optional<LoadQueue::Turn>& turn) {
  return turn ? turn->relation->name.name : "none";
}

TEST(LoadQueue, GivesTwoLargeTablesToOneWorkerEach) {
  Tables tables;
  tables.add("small", 3);
  tables.add("large", 5);
  LoadQueue queue(tables.load, 2);
  const auto first = queue.next(0, {}), second = queue.next(1, {});
  EXPECT_EQ(name_of(first), "large");
  EXPECT_EQ(name_of(second), "small");
  EXPECT_TRUE(first->alone);
  EXPECT_TRUE(second->alone);
  EXPECT_NE(queue.go_on(0), nullptr);
  EXPECT_NE(queue.go_on(1), nullptr);
}

TEST(LoadQueue, LetsAllWorkersShareTheOnlyTableFromTheBeginning) {
  Tables tables;
  tables.add("only", 3);
  LoadQueue queue(tables.load, 2);
  const auto first = queue.next(0, {}), second = queue.next(1, {});
  EXPECT_FALSE(first->alone);
  EXPECT_FALSE(second->alone);
  EXPECT_NE(first->part, second->part);
}

TEST(LoadQueue, LeavesATableToOneWorkerWhereThereIsNoOther) {
  Tables tables;
  tables.add("only", 3);
  LoadQueue queue(tables.load, 1);
  EXPECT_TRUE(queue.next(0, {})->alone);
  EXPECT_NE(queue.go_on(0), nullptr);
  EXPECT_NE(queue.go_on(0), nullptr);
  EXPECT_EQ(queue.go_on(0), nullptr);
  queue.committed(0);
  EXPECT_EQ(name_of(queue.next(0, {})), "none");
}

TEST(LoadQueue, FreesATableBeforeAnotherWorkerRunsOutOfWork) {
  Tables tables;
  tables.add("large", 5);
  tables.add("small", 2);
  LoadQueue queue(tables.load, 2);
  queue.next(0, {});
  queue.next(1, {});
  EXPECT_NE(queue.go_on(0), nullptr) << "the other one has a part to go on with";
  EXPECT_NE(queue.go_on(1), nullptr);
  EXPECT_EQ(queue.go_on(0), nullptr) << "the other one is at its last part";
  queue.committed(0);
  queue.go_on(1);
  queue.committed(1);
  const auto turn = queue.next(1, {});
  EXPECT_EQ(name_of(turn), "large");
  EXPECT_FALSE(turn->alone);
}

TEST(LoadQueue, NeverLeavesATableThatIsNotFreshToOneWorker) {
  Tables tables;
  tables.add("begun", 2, false);
  LoadQueue queue(tables.load, 1);
  EXPECT_FALSE(queue.next(0, {})->alone);
}

TEST(LoadQueue, LoadsPartsThatWereRolledBackOneByOne) {
  Tables tables;
  tables.add("only", 2);
  LoadQueue queue(tables.load, 1);
  std::vector<const Part*> parts = {queue.next(0, {})->part};
  parts.push_back(queue.go_on(0));
  queue.rolled_back(0, parts);
  for (const Part* part : parts) {
    const auto turn = queue.next(0, {});
    ASSERT_TRUE(turn);
    EXPECT_EQ(turn->part, part);
    EXPECT_FALSE(turn->alone);
  }
  EXPECT_FALSE(queue.next(0, {}));
}

TEST(LoadQueue, WaitsForATableThatMayComeFree) {
  Tables tables;
  tables.add("large", 4);
  tables.add("small", 1);
  LoadQueue queue(tables.load, 2);
  queue.next(0, {});
  queue.next(1, {});
  queue.go_on(1);
  queue.committed(1);
  auto waiting = std::async(std::launch::async, [&] { return queue.next(1, {}); });
  EXPECT_EQ(waiting.wait_for(std::chrono::milliseconds(20)), std::future_status::timeout);
  EXPECT_EQ(queue.go_on(0), nullptr);
  queue.committed(0);
  EXPECT_EQ(name_of(waiting.get()), "large");
}

TEST(LoadQueue, StopsWaitingWhenItIsToldTo) {
  Tables tables;
  tables.add("only", 1);
  LoadQueue queue(tables.load, 2);
  queue.next(0, {});
  std::stop_source stop;
  auto waiting = std::async(std::launch::async, [&] { return queue.next(1, stop.get_token()); });
  stop.request_stop();
  EXPECT_THROW(waiting.get(), Stopped);
}

TEST(LoadQueue, SpreadsWorkersOverTheTablesThatTheyShare) {
  Tables tables;
  tables.add("large", 8, false);
  tables.add("small", 4, false);
  LoadQueue queue(tables.load, 3);
  std::multiset<std::string> names = {name_of(queue.next(0, {})), name_of(queue.next(1, {}))};
  EXPECT_EQ(names, (std::multiset<std::string>{"large", "small"}));
  EXPECT_EQ(name_of(queue.next(2, {})), "large");
  EXPECT_EQ(name_of(queue.next(1, {})), "small") << "two are busy with the other";
}

TEST(LoadQueue, GivesEachPartOnceWhateverTheWorkersDo) {
  Tables tables;
  for (int i = 1; i <= 12; ++i) tables.add(std::to_string(i), static_cast<std::size_t>(i), i % 4 != 0);
  LoadQueue queue(tables.load, 4);
  std::mutex mutex;
  std::map<const Part*, int> loaded;
  {
    std::vector<std::jthread> workers;
    for (unsigned worker = 0; worker < 4; ++worker) {
      workers.emplace_back([&, worker] {
        while (const auto turn = queue.next(worker, {})) {
          std::vector<const Part*> parts = {turn->part};
          while (const Part* more = turn->alone ? queue.go_on(worker) : nullptr) parts.push_back(more);
          const bool refused = turn->alone && turn->relation->parts.size() == 7;
          if (refused) {
            queue.rolled_back(worker, parts);
          } else if (turn->alone) {
            queue.committed(worker);
          }
          const std::lock_guard guard(mutex);
          for (const Part* part : parts) loaded[part] += refused ? 0 : 1;
        }
      });
    }
  }
  EXPECT_EQ(loaded.size(), 78U);
  for (const auto& [part, times] : loaded) EXPECT_EQ(times, 1);
}

}  // namespace
}  // namespace pgassay
