#include <gtest/gtest.h>

#include <random>

#include "backup/plan.h"

namespace pgassay {
namespace {

constexpr std::uint64_t kPage = 8192, kMebibyte = 1 << 20;

TableInfo table(std::string schema, std::string name, std::uint64_t heap_bytes = kPage) {
  TableInfo info;
  info.name = {std::move(schema), std::move(name)};
  info.access_method = "heap";
  info.columns = {"a"};
  info.heap_bytes = heap_bytes;
  return info;
}

Relation with_ranges(const std::vector<PageRange>& ranges) {
  Relation relation;
  for (const PageRange& range : ranges) {
    relation.parts.emplace_back();
    relation.parts.back().pages = range;
  }
  return relation;
}

void expect_partition(const std::vector<PageRange>& ranges) {
  ASSERT_FALSE(ranges.empty());
  EXPECT_EQ(ranges.front().first, 0U);
  EXPECT_FALSE(ranges.back().end.has_value());
  for (std::size_t i = 0; i + 1 < ranges.size(); ++i) {
    ASSERT_TRUE(ranges[i].end.has_value());
    EXPECT_GT(*ranges[i].end, ranges[i].first);
    EXPECT_EQ(*ranges[i].end, ranges[i + 1].first);
  }
}

/// Tables without an oid get one.
backup::Plan plan_of(std::vector<TableInfo> tables, const backup::TableOptions& options,
                     backup::TableOptions* unused = nullptr, ServerFacts server = {}) {
  if (server.version == 0) server.version = 150000;
  std::uint32_t next = 16384;
  for (TableInfo& info : tables) {
    if (info.oid == Oid::none) info.oid = Oid{next++};
  }
  const backup::TableChoice choice = choose_tables(tables, options);
  if (unused) *unused = choice.unused;
  return plan_parts(tables, server, nullptr, choice, "UTF8");
}

backup::Plan plan(std::vector<TableInfo> tables, const std::vector<std::string>& exclude,
                  ServerFacts server = {}) {
  return plan_of(std::move(tables), {exclude, {}}, nullptr, std::move(server));
}

TEST(CutPages, EveryPageIsInExactlyOneRangeWhateverTheSizesAndTheYesterday) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 2000; ++i) {
    const std::uint64_t yesterday = random() % (4096 * kMebibyte), toast = random() % (8192 * kMebibyte);
    const Relation previous = with_ranges(backup::cut_pages(yesterday, toast, nullptr));
    const std::vector<PageRange> ranges =
        backup::cut_pages(random() % (4096 * kMebibyte), random() % (8192 * kMebibyte), &previous);
    expect_partition(ranges);
  }
}

TEST(CutPages, ASmallTableIsOneRange) {
  EXPECT_EQ(backup::cut_pages(40 * kMebibyte, 0, nullptr).size(), 1U);
}

TEST(CutPages, YesterdaysBoundariesStayWhenTheTableGrows) {
  const std::vector<PageRange> yesterday = backup::cut_pages(500 * kMebibyte, 0, nullptr);
  const Relation previous = with_ranges(yesterday);
  const std::vector<PageRange> today = backup::cut_pages(900 * kMebibyte, 100 * kMebibyte, &previous);
  ASSERT_GT(today.size(), yesterday.size());
  for (std::size_t i = 0; i < yesterday.size(); ++i) EXPECT_EQ(today[i].first, yesterday[i].first);
}

TEST(CutPages, AHeapOfFewPagesWithMuchToastIsStillCut) {
  EXPECT_GT(backup::cut_pages(10 * kPage, 5000 * kMebibyte, nullptr).size(), 4U);
}

TEST(PlanParts, ExcludedRowsAreOnRecordAndNotCopied) {
  const backup::Plan result =
      plan({table("public", "keep"), table("public", "session_log")}, {"public.session_*"});
  ASSERT_EQ(result.parts.size(), 1U);
  EXPECT_EQ(result.parts[0].object, "public.keep");
  ASSERT_EQ(result.left_out.size(), 1U);
  EXPECT_EQ(result.left_out[0].what, "rows of public.session_log");
  EXPECT_EQ(result.relations[1].data, Data::excluded);
}

/// To plan a query of it would call them, by our rights.
TEST(PlanParts, ATableWhoseIndexesCallFunctionsIsReadWholeByAPlainCopy) {
  TableInfo calls = table("public", "t", 1024 * kMebibyte);
  calls.generated = {{.name = "g", .type = "integer", .expression = "a", .stored = true}};
  EXPECT_GT(plan({calls}, {}).parts.size(), 1U);
  calls.planning_calls_code = true;
  const backup::Plan found = plan({calls}, {});
  ASSERT_EQ(found.parts.size(), 1U);
  EXPECT_EQ(found.parts[0].sql.find("SELECT"), std::string::npos) << found.parts[0].sql;
  EXPECT_FALSE(found.relations[0].generated_digest);
}

TEST(PlanParts, APatternWithoutADotFitsInEverySchema) {
  EXPECT_TRUE(plan({table("a", "log"), table("b", "log")}, {"log"}).parts.empty());
}

TEST(PlanParts, ExcludingAPartitionedTableExcludesItsPartitions) {
  TableInfo root = table("public", "events");
  root.kind = 'p';
  root.oid = Oid{10};
  TableInfo leaf = table("archive", "events_2026");
  leaf.root = leaf.parent = Oid{10};
  EXPECT_TRUE(plan({leaf, root}, {"public.events"}).parts.empty());
}

TEST(PlanParts, ExcludingASubPartitionedTableExcludesWhatIsBelowIt) {
  TableInfo root = table("public", "events"), middle = table("public", "middle"),
            leaf = table("public", "leaf");
  root.kind = middle.kind = 'p';
  root.oid = middle.root = middle.parent = leaf.root = Oid{10};
  middle.oid = leaf.parent = Oid{11};
  EXPECT_TRUE(plan({leaf, middle, root}, {"public.middle"}).parts.empty());
}

TEST(CutPages, ATableThatIsAnotherOneByNowIsCutAnew) {
  const Relation mostly_toast = with_ranges(backup::cut_pages(20 * kPage, 700 * kMebibyte, nullptr));
  ASSERT_GT(mostly_toast.parts.size(), 10U);
  EXPECT_LT(backup::cut_pages(400 * kMebibyte, 0, &mostly_toast).size(), 20U);
}

TEST(PlanParts, APatternThatFitsNothingIsReported) {
  backup::TableOptions unused;
  plan_of({table("public", "a")}, {{"public.b", "public.a"}, {"a", "b", "public.?"}}, &unused);
  EXPECT_EQ(unused.exclude, std::vector<std::string>{"public.b"});
  EXPECT_EQ(unused.binary, std::vector<std::string>{"b"});
}

TEST(PlanParts, OfABinaryTableAreOfThatFormatAndHaveFilesOfTheirOwn) {
  const backup::Plan result = plan_of({table("public", "a"), table("public", "b")}, {{}, {"public.b"}});
  EXPECT_EQ(result.parts[0].file, "data/public.a.0000.copy.zst");
  EXPECT_EQ(result.parts[1].file, "data/public.b.0000.bin.zst");
  EXPECT_EQ(result.parts[1].format, RowFormat::binary);
  EXPECT_NE(result.parts[1].sql.find("FORMAT binary"), std::string::npos);
  EXPECT_EQ(result.relations[1].format, RowFormat::binary);
}

TEST(PlanParts, AnyTableOfAPartitionTreeMakesAllOfItBinary) {
  TableInfo root = table("public", "events"), middle = table("public", "middle"),
            leaf = table("public", "leaf"), other = table("public", "other");
  root.kind = middle.kind = 'p';
  root.oid = middle.root = middle.parent = leaf.root = other.root = other.parent = Oid{10};
  middle.oid = leaf.parent = Oid{11};
  for (const char* named : {"events", "middle", "leaf", "other"}) {
    for (const Relation& relation : plan_of({leaf, middle, other, root}, {{}, {named}}).relations)
      EXPECT_EQ(relation.format, RowFormat::binary) << named << ": " << relation.name.shown();
  }
}

TEST(PlanParts, AnExcludedTableIsNotMadeBinary) {
  const backup::Plan result = plan_of({table("public", "a")}, {{"a"}, {"a"}});
  EXPECT_EQ(result.relations[0].data, Data::excluded);
  EXPECT_EQ(result.relations[0].format, RowFormat::text);
}

TEST(PlanParts, BeforeTidRangeScansALargeTableIsOnePart) {
  ServerFacts old;
  old.version = 130000;
  const backup::Plan result = plan({table("public", "big", 4096 * kMebibyte)}, {}, old);
  ASSERT_EQ(result.parts.size(), 1U);
  EXPECT_FALSE(result.parts[0].pages.has_value());
}

TEST(PlanParts, UnloggedTablesOfAStandbyAreLeftOutWithAReason) {
  ServerFacts standby;
  standby.version = 150000;
  standby.standby = true;
  TableInfo unlogged = table("public", "cache");
  unlogged.persistence = 'u';
  const backup::Plan result = plan({unlogged}, {}, standby);
  EXPECT_TRUE(result.parts.empty());
  ASSERT_EQ(result.left_out.size(), 1U);
}

TEST(LargestFirst, PartsAreInOrderOfTheirSize) {
  std::vector<backup::PlannedPart> parts(3);
  parts[0].bytes = 1, parts[1].bytes = 3, parts[2].bytes = 2;
  largest_first(parts);
  EXPECT_EQ(parts[0].bytes, 3U);
  EXPECT_EQ(parts[2].bytes, 1U);
}

}  // namespace
}  // namespace pgassay
