#include <gtest/gtest.h>

#include "backup/plan.h"

namespace pgassay {
namespace {

constexpr std::uint64_t kPage = 8192, kMebibyteOfAPlan = 1 << 20;

TableInfo table(std::string schema, std::string name, std::uint64_t heap_bytes = kPage) {
  TableInfo info;
  info.name = {std::move(schema), std::move(name)};
  info.access_method = "heap";
  info.columns = {"a"};
  info.heap_bytes = heap_bytes;
  return info;
}

/// Tables without an oid get one.
backup::Plan plan_of(std::vector<TableInfo> tables, const backup::TableOptions& options,
                     backup::TableOptions* unused = nullptr, ServerFacts server = {},
                     const Spread& spread = {}) {
  if (server.version == 0) server.version = 150000;
  std::uint32_t next = 16384;
  for (TableInfo& info : tables) {
    if (info.oid == Oid::none) info.oid = Oid{next++};
  }
  const backup::TableChoice choice = choose_tables(tables, options);
  if (unused) *unused = choice.unused;
  return plan_copies(tables, server, spread, choice, "UTF8");
}

backup::Plan plan(std::vector<TableInfo> tables, const std::vector<std::string>& exclude,
                  ServerFacts server = {}) {
  return plan_of(std::move(tables), {exclude, {}}, nullptr, std::move(server));
}

TEST(PlanCopies, ExcludedRowsAreOnRecordAndNotCopied) {
  const backup::Plan result =
      plan({table("public", "keep"), table("public", "session_log")}, {"public.session_*"});
  ASSERT_EQ(result.copies.size(), 1U);
  EXPECT_EQ(result.copies[0].object, "public.keep");
  ASSERT_EQ(result.left_out.size(), 1U);
  EXPECT_EQ(result.left_out[0].what, "rows of public.session_log");
  EXPECT_EQ(result.relations[1].data, Data::excluded);
}

/// To plan a query of it would call them, by our rights.
TEST(PlanCopies, ATableWhoseIndexesCallFunctionsIsReadWholeByAPlainCopy) {
  TableInfo calls = table("public", "t", 1024 * kMebibyteOfAPlan);
  calls.generated = {{.name = "g", .type = "integer", .expression = "a", .stored = true}};
  const Spread over_four{.workers = 4};
  EXPECT_EQ(plan_of({calls}, {}, nullptr, {}, over_four).copies.size(), 8U);
  calls.planning_calls_code = true;
  const backup::Plan found = plan_of({calls}, {}, nullptr, {}, over_four);
  ASSERT_EQ(found.copies.size(), 1U);
  EXPECT_EQ(found.copies[0].sql.find("SELECT"), std::string::npos) << found.copies[0].sql;
  EXPECT_FALSE(found.relations[0].generated_digest);
}

TEST(PlanCopies, APatternWithoutADotFitsInEverySchema) {
  EXPECT_TRUE(plan({table("a", "log"), table("b", "log")}, {"log"}).copies.empty());
}

TEST(PlanCopies, ExcludingAPartitionedTableExcludesItsPartitions) {
  TableInfo root = table("public", "events");
  root.kind = 'p';
  root.oid = Oid{10};
  TableInfo leaf = table("archive", "events_2026");
  leaf.root = leaf.parent = Oid{10};
  EXPECT_TRUE(plan({leaf, root}, {"public.events"}).copies.empty());
}

TEST(PlanCopies, ExcludingASubPartitionedTableExcludesWhatIsBelowIt) {
  TableInfo root = table("public", "events"), middle = table("public", "middle"),
            leaf = table("public", "leaf");
  root.kind = middle.kind = 'p';
  root.oid = middle.root = middle.parent = leaf.root = Oid{10};
  middle.oid = leaf.parent = Oid{11};
  EXPECT_TRUE(plan({leaf, middle, root}, {"public.middle"}).copies.empty());
}

TEST(PlanCopies, APatternThatFitsNothingIsReported) {
  backup::TableOptions unused;
  plan_of({table("public", "a")}, {{"public.b", "public.a"}, {"a", "b", "public.?"}}, &unused);
  EXPECT_EQ(unused.exclude, std::vector<std::string>{"public.b"});
  EXPECT_EQ(unused.binary, std::vector<std::string>{"b"});
}

TEST(PlanCopies, OfABinaryTableAreOfThatFormat) {
  const backup::Plan result = plan_of({table("public", "a"), table("public", "b")}, {{}, {"public.b"}});
  EXPECT_EQ(result.copies[1].format, RowFormat::binary);
  EXPECT_NE(result.copies[1].sql.find("FORMAT binary"), std::string::npos);
  EXPECT_EQ(result.relations[1].format, RowFormat::binary);
}

TEST(PlanCopies, AnyTableOfAPartitionTreeMakesAllOfItBinary) {
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

TEST(PlanCopies, AnExcludedTableIsNotMadeBinary) {
  const backup::Plan result = plan_of({table("public", "a")}, {{"a"}, {"a"}});
  EXPECT_EQ(result.relations[0].data, Data::excluded);
  EXPECT_EQ(result.relations[0].format, RowFormat::text);
}

/// Page by page the server's cache would be emptied of what production needs.
TEST(PlanCopies, ALargeTableIsOneCopyUnlessItIsSplit) {
  const backup::Plan result = plan({table("public", "big", 4096 * kMebibyteOfAPlan)}, {});
  ASSERT_EQ(result.copies.size(), 1U);
  EXPECT_EQ(result.copies[0].sql.find("ctid"), std::string::npos) << result.copies[0].sql;
}

TEST(PlanCopies, TablesWhoseFilesWouldFoldAreKeptApart) {
  const backup::Plan result = plan({table("public", "App"), table("public", "app")}, {});
  EXPECT_FALSE(result.copies[0].file_apart);
  EXPECT_TRUE(result.copies[1].file_apart);
}

TEST(PlanCopies, UnloggedTablesOfAStandbyAreLeftOutWithAReason) {
  ServerFacts standby;
  standby.version = 150000;
  standby.standby = true;
  TableInfo unlogged = table("public", "cache");
  unlogged.persistence = 'u';
  const backup::Plan result = plan({unlogged}, {}, standby);
  EXPECT_TRUE(result.copies.empty());
  ASSERT_EQ(result.left_out.size(), 1U);
}

TEST(LargestFirst, CopiesAreInOrderOfTheirSize) {
  std::vector<backup::PlannedCopy> copies(3);
  copies[0].bytes = 1, copies[1].bytes = 3, copies[2].bytes = 2;
  largest_first(copies);
  EXPECT_EQ(copies[0].bytes, 3U);
  EXPECT_EQ(copies[2].bytes, 1U);
}

}  // namespace
}  // namespace pgassay
