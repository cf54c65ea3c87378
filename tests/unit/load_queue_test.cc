#include "restore/load/load_queue.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <thread>

#include "core/system/error.h"

namespace pgassay {
namespace {

constexpr std::uint64_t kMiB = 1 << 20;

Relation table(const std::string& name, const std::vector<std::uint64_t>& parts, std::uint32_t oid = 0) {
  Relation relation;
  relation.name = {"public", name};
  relation.oid = Oid{oid};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    Part part;
    part.file = fmt::format("{}.{}", name, i);
    part.raw = parts[i];
    relation.parts.push_back(part);
  }
  return relation;
}

/// The next task: "b.0 b.1 whole", "indexes 7".
std::string shown(const restore::Task& task) {
  std::string text = task.parts.empty() ? "indexes" : "";
  for (const Part* part : task.parts) text += (text.empty() ? "" : " ") + part->file;
  for (const int entry : task.entries) text += fmt::format(" {}", entry);
  return text + (task.whole ? " whole" : "");
}

/// What one worker does, to whom everything goes well but what is named.
std::string all_tasks(restore::LoadPlan plan, const std::string& fails = {}) {
  restore::LoadQueue queue(std::move(plan));
  std::string text;
  while (const std::optional<restore::Task> task = queue.next({})) {
    text += shown(*task) + "\n";
    queue.done(*task, shown(*task) != fails);
  }
  return text;
}

class LoadQueueTest : public ::testing::Test {
 protected:
  restore::LoadPlan plan(bool no_wal = false) { return {manifest_, record_, 2, no_wal, {}}; }
  void add(Relation relation) { manifest_.relations.push_back(std::move(relation)); }

  Manifest manifest_;
  restore::RestoreRecord record_;
};

TEST_F(LoadQueueTest, BeginsWithTheLargestTableAndGoesTableByTable) {
  add(table("small", {kMiB}));
  add(table("large", {9 * kMiB, 2 * kMiB}));
  add(table("middle", {5 * kMiB, 5 * kMiB}));
  EXPECT_EQ(all_tasks(plan()), "large.0 large.1 whole\nmiddle.0 middle.1 whole\nsmall.0 whole\n");
}

TEST_F(LoadQueueTest, GivesTablesInOneTransactionAsLongAsAnInterruptionCostsLittleOrItSavesTheWal) {
  add(table("a", {1500 * kMiB, 1500 * kMiB}));
  add(table("b", {2 * kMiB, 3 * kMiB}));
  EXPECT_EQ(all_tasks(plan(true)), "a.0 a.1 whole\nb.0 b.1 whole\n");
  EXPECT_EQ(all_tasks(plan(false)), "a.0 a.1\nb.0 b.1 whole\n");
}

TEST_F(LoadQueueTest, GivesTheRestOfATableToWhoeverWaits) {
  add(table("a", {32 * kMiB, 32 * kMiB, 32 * kMiB, 32 * kMiB}, 1));
  add(table("b", {5 * kMiB}));
  restore::LoadPlan all = plan(true);
  all.indexes[&manifest_.relations[0]] = {{}, {7}};
  restore::LoadQueue queue(std::move(all));
  EXPECT_EQ(queue.steps(), 6U) << "five parts and an index";
  std::optional<restore::Task> a = queue.next({});
  ASSERT_EQ(shown(*a), "a.0 a.1 a.2 a.3 whole");
  EXPECT_FALSE(queue.wanted(*a, 1)) << "b is still to be had";
  queue.done(*queue.next({}), true);
  EXPECT_FALSE(queue.wanted(*a, 1)) << "nobody waits";

  std::string other;
  std::jthread waits([&] {
    while (const std::optional<restore::Task> task = queue.next({})) {
      other += shown(*task) + "\n";
      queue.done(*task, true);
    }
  });
  while (!queue.wanted(*a, 2)) std::this_thread::yield();
  EXPECT_FALSE(queue.wanted(*a, 3)) << "one part is not worth it";
  queue.share(*a, 2);
  EXPECT_EQ(shown(*a), "a.0 a.1 whole");
  queue.done(*a, true);
  waits.join();
  EXPECT_EQ(other, "a.2\na.3\nindexes 7\n");
}

TEST_F(LoadQueueTest, NeverEmptiesATableOfWhichSomethingIsIn) {
  add(table("a", {3 * kMiB, 3 * kMiB}));
  add(table("b", {6 * kMiB}));
  record_.loaded(manifest_.relations[0].parts[0]);
  EXPECT_EQ(all_tasks(plan(true)), "a.1\nb.0 whole\n");
}

TEST_F(LoadQueueTest, NeverEmptiesATreeIntoWhichRowsAreGivenByItsRoot) {
  Relation leaf = table("leaf", {3 * kMiB});
  leaf.via_root = true;
  add(leaf);
  EXPECT_EQ(all_tasks(plan(true)), "leaf.0\n");
}

TEST_F(LoadQueueTest, BuildsIndexesOfAFinishedTableBeforeItLoadsTheNext) {
  add(table("a", {9 * kMiB, 9 * kMiB}));
  add(table("b", {kMiB}));
  restore::LoadPlan with = plan();
  with.indexes[&manifest_.relations[0]] = {{7}, {8, 9}};
  EXPECT_EQ(all_tasks(with), "a.0 a.1 whole\nindexes 7\nindexes 9\nindexes 8\nb.0 whole\n");
  EXPECT_EQ(restore::LoadQueue(with).steps(), 6U);
}

TEST_F(LoadQueueTest, BuildsNothingOnATableThatLostRows) {
  add(table("a", {9 * kMiB, 9 * kMiB}));
  restore::LoadPlan with = plan();
  with.indexes[&manifest_.relations[0]] = {{7}, {}};
  EXPECT_EQ(all_tasks(with, "a.0 a.1 whole"), "a.0 a.1 whole\n");
}

TEST_F(LoadQueueTest, KeepsAnIdleWorkerUntilNothingCanFollow) {
  add(table("a", {9 * kMiB}));
  restore::LoadPlan with = plan();
  with.indexes[&manifest_.relations[0]] = {{}, {8, 9}};
  restore::LoadQueue queue(with);
  const std::optional<restore::Task> load = queue.next({});
  std::optional<restore::Task> of_the_other;
  std::jthread other([&] { of_the_other = queue.next({}); });
  queue.done(*load, true);
  const std::optional<restore::Task> of_ours = queue.next({});
  other.join();
  EXPECT_EQ(shown(*of_ours).size() + shown(*of_the_other).size(), 2 * std::string("indexes 8").size());
}

TEST_F(LoadQueueTest, LetsAnIdleWorkerGoWhenAllIsStopped) {
  add(table("a", {9 * kMiB}));
  restore::LoadQueue queue(plan());
  const std::optional<restore::Task> load = queue.next({});
  std::stop_source stop;
  std::jthread other([&] { EXPECT_THROW(queue.next(stop.get_token()), Stopped); });
  stop.request_stop();
}

TEST_F(LoadQueueTest, SortsOfIndexesGetAByteForEachRowOfTheLargestTable) {
  add(table("a", {kMiB}));
  add(table("b", {kMiB}));
  add(table("root", {}));
  manifest_.relations[0].digest.rows = 5;
  manifest_.relations[1].digest.rows = 70'000'000;
  manifest_.relations[2].digest.rows = 80'000'000;
  manifest_.relations[2].kind = 'p';
  const std::string btree = "CREATE INDEX b_i ON public.b USING btree (i);";
  EXPECT_EQ(restore::index_memory(manifest_, btree), 70'000'000U);
  EXPECT_EQ(
      restore::index_memory(manifest_, "ALTER TABLE ONLY public.b ADD CONSTRAINT b_pkey PRIMARY KEY (i);"),
      70'000'000U);
  EXPECT_EQ(restore::index_memory(manifest_, btree + "CREATE INDEX b_g ON public.b USING gin (j);"),
            restore::kMostIndexMemory);
  manifest_.relations[1].digest.rows = 7'000'000'000;
  EXPECT_EQ(restore::index_memory(manifest_, btree), restore::kMostIndexMemory);
}

constexpr const char* kArchive =
    "214; 1259 1001 TABLE public big me\n"
    "215; 1259 1002 TABLE public small me\n"
    "216; 1255 1003 FUNCTION public f() me\n"
    "217; 3079 1004 EXTENSION - pg_trgm \n"
    "301; 2606 1005 CONSTRAINT public big big_pkey me\n;\tdepends on: 214\n"
    "302; 1259 1006 INDEX public big_a me\n;\tdepends on: 214 217\n"
    "303; 1259 1007 INDEX public big_f me\n;\tdepends on: 214 216\n"
    "304; 1259 1008 INDEX public small_a me\n;\tdepends on: 215\n"
    "305; 2606 1009 FK CONSTRAINT public big big_fkey me\n;\tdepends on: 301 214\n";

std::string early(const Manifest& manifest, const std::optional<std::vector<int>>& wanted = std::nullopt) {
  std::string text;
  for (const auto& [relation, found] :
       restore::find_early_indexes(manifest, restore::read_archive_list(kArchive), wanted)) {
    text += relation->name.shown() + ":";
    for (const int id : found.constraints) text += fmt::format(" constraint {}", id);
    for (const int id : found.indexes) text += fmt::format(" index {}", id);
  }
  return text;
}

TEST_F(LoadQueueTest, TakesIndexesOfLargeTablesThatNeedNothingElse) {
  add(table("big", {20 * kMiB}, 1001));
  add(table("small", {kMiB}, 1002));
  EXPECT_EQ(early(manifest_), "public.big: constraint 301 index 302");
  EXPECT_EQ(early(manifest_, std::vector<int>{214, 302}), "public.big: index 302");
  EXPECT_TRUE(restore::worth_early_indexes(manifest_));
}

TEST_F(LoadQueueTest, TakesNoIndexesWhereRowsFindTheirLeafByThemselves) {
  Relation leaf = table("big", {20 * kMiB}, 1001), other = table("other", {kMiB}, 1002);
  leaf.root = other.root = QualifiedName{"public", "root"};
  other.via_root = true;
  add(leaf);
  add(other);
  EXPECT_EQ(early(manifest_), "");
}

}  // namespace
}  // namespace pgassay
