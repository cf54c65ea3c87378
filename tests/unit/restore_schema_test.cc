#include "restore/whole/schema.h"

#include <gtest/gtest.h>

#include "restore/load/extension_tables.h"
#include "restore/load/part_feed.h"
#include "restore/whole/target.h"

namespace pgassay {
namespace {

constexpr const char* kStderr =
    "pg_restore: error: could not execute query: ERROR:  function \"f\" already exists with same argument "
    "types\n"
    "Command was: CREATE FUNCTION public.f() RETURNS integer\n"
    "    LANGUAGE sql\n"
    "    AS $$ select 1;\n"
    "\n"
    " select 2 $$;\n"
    "\n"
    "\n"
    "pg_restore: error: could not execute query: ERROR:  schema \"public\" already exists\n"
    "Command was: CREATE SCHEMA public;\n"
    "\n"
    "pg_restore: warning: errors ignored on restore: 2\n";

TEST(SchemaProblems, AreOneForEachErrorWithItsWholeCommand) {
  const auto problems = restore::read_problems(kStderr);
  ASSERT_EQ(problems.size(), 2U);
  EXPECT_EQ(problems[0].message, "function \"f\" already exists with same argument types");
  EXPECT_TRUE(problems[0].command.starts_with("CREATE FUNCTION public.f() RETURNS integer\n"));
  EXPECT_NE(problems[0].command.find("select 2"), std::string::npos);
}

TEST(SchemaProblems, JoinTheServersDetailToItsMessage) {
  const auto problems = restore::read_problems(
      "pg_restore: error: could not execute query: ERROR:  broken\nDETAIL:  why\n"
      "Command was: ALTER TABLE x;\n");
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].message, "broken DETAIL:  why");
}

TEST(SchemaProblems, TolerateThePublicSchemaAndNothingLikeIt) {
  const auto problems = restore::read_problems(kStderr);
  EXPECT_TRUE(restore::tolerated(problems[0]).empty());
  EXPECT_FALSE(restore::tolerated(problems[1]).empty());
  EXPECT_TRUE(restore::tolerated({"schema \"public2\" already exists", "CREATE SCHEMA public2;"}).empty());
}

TEST(SchemaProblems, TolerateATimeOutThatOldServersDoNotHave) {
  const std::string unknown = "unrecognized configuration parameter ";
  EXPECT_FALSE(
      restore::tolerated({unknown + "\"transaction_timeout\"", "SET transaction_timeout = 0;"}).empty());
  EXPECT_TRUE(restore::tolerated({unknown + "\"other\"", "SET other = 0;"}).empty());
}

TEST(DatabaseSettings, QuoteEachPartOfAList) {
  EXPECT_EQ(restore::setting_sql("d", {"", "search_path", "\"$user\", public, \"a,\"\"b\""}),
            "ALTER DATABASE \"d\" SET \"search_path\" TO '$user', 'public', 'a,\"b'");
}

TEST(DatabaseSettings, KeepAnEmptyListEmpty) {
  EXPECT_EQ(restore::setting_sql("d", {"", "search_path", "\"\""}),
            "ALTER DATABASE \"d\" SET \"search_path\" TO ''");
}

TEST(DatabaseSettings, QuoteTheValueAndTheRole) {
  EXPECT_EQ(restore::setting_sql("d", {"r\"", "my.flag", "it's"}),
            "ALTER ROLE \"r\"\"\" IN DATABASE \"d\" SET \"my.flag\" TO 'it''s'");
}

TEST(ExtensionTables, AreLoadedParentsFirst) {
  Relation child, parent;
  child.name = {"x", "a_child"};
  parent.name = {"x", "parent"};
  const auto order = restore::parents_first({&child, &parent}, {{child.name, parent.name}});
  EXPECT_EQ(order, (std::vector<const Relation*>{&parent, &child}));
}

TEST(ExtensionTables, SurviveACycleOfForeignKeys) {
  Relation one, two;
  one.name = {"x", "one"};
  two.name = {"x", "two"};
  EXPECT_EQ(restore::parents_first({&one, &two}, {{one.name, two.name}, {two.name, one.name}}).size(), 2U);
}

TEST(RowBatches, ThatEndInTheMiddleOfARowAreRefused) {
  for (const std::string_view rows : {"1", "1\n2"}) {
    restore::RowBatches batches(2, [](std::string_view) { ADD_FAILURE() << "half a row was passed on"; });
    batches.chunk(as_bytes(rows));
    EXPECT_THROW(batches.finish(), BadBackup) << rows;
  }
}

TEST(RowBatches, HoldWholeRowsWhereverChunksAreCut) {
  std::vector<std::string> batches;
  restore::RowBatches rows(2, [&](std::string_view text) { batches.emplace_back(text); });
  for (const char* piece : {"on", "e\ntwo\nthr", "ee\n"}) rows.chunk(as_bytes(piece));
  rows.finish();
  EXPECT_EQ(batches, (std::vector<std::string>{"one\ntwo\n", "three\n"}));
}

}  // namespace
}  // namespace pgassay
