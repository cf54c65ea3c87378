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

restore::SchemaProblem problem(const std::string& words, const std::string& command) {
  return restore::read_problems("pg_restore: error: could not execute query: ERROR:  " + words +
                                "\nCommand was: " + command + "\n\n")
      .at(0);
}

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
  EXPECT_EQ(problems[0].harmless, "");
  EXPECT_NE(problems[1].harmless, "");
  EXPECT_EQ(problem("schema \"public2\" already exists", "CREATE SCHEMA public2;").harmless, "");
}

TEST(SchemaProblems, TellWhatTheHostLacksFromWhatIsWrongWithTheBackup) {
  const auto kind = [](const std::string& sqlstate, const std::string& command) {
    restore::SchemaProblem failed = problem("words of any language", command);
    failed.sqlstate = sqlstate;
    return loss_by(failed).kind;
  };
  const std::string dictionary = "CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = simple, stopwords = x);",
                    libc = "CREATE COLLATION c (provider = libc, locale = 'fo_FO.utf8');",
                    icu = "CREATE COLLATION c (provider = icu, locale = 'xx');",
                    extension = "CREATE EXTENSION IF NOT EXISTS x WITH SCHEMA public;",
                    in_c = "CREATE FUNCTION f() RETURNS int\n    LANGUAGE c\n    AS '$libdir/x', 'f';",
                    in_sql =
                        "CREATE FUNCTION f() RETURNS int\n    LANGUAGE sql\n    AS $$\n    LANGUAGE c $$;";
  for (const auto& [sqlstate, command] : std::vector<std::pair<std::string, std::string>>{
           {"F0000", dictionary},
           {"22023", libc},
           {"XX000", icu},
           {"0A000", extension},
           {"58P01", extension},
           {"22023", extension},
           {"P0001", "CREATE EXTENSION IF NOT EXISTS pg_cron WITH SCHEMA pg_catalog;"},
           {"58P01", in_c},
           {"42883", in_c},
           {"XX000", in_c}})
    EXPECT_EQ(kind(sqlstate, command), restore::LossKind::lacking) << sqlstate << " " << command;
  for (const auto& [sqlstate, command] :
       std::vector<std::pair<std::string, std::string>>{{"", dictionary},
                                                        {"42704", dictionary},
                                                        {"42704", libc},
                                                        {"42710", extension},
                                                        {"3F000", extension},
                                                        {"42501", extension},
                                                        {"42883", in_sql},
                                                        {"58P01", "CREATE TABLE t (a int);"}})
    EXPECT_EQ(kind(sqlstate, command), restore::LossKind::object) << sqlstate << " " << command;
}

TEST(SchemaProblems, TolerateATimeOutThatOldServersDoNotHave) {
  const std::string unknown = "unrecognized configuration parameter ";
  EXPECT_NE(problem(unknown + "\"transaction_timeout\"", "SET transaction_timeout = 0;").harmless, "");
  EXPECT_EQ(problem(unknown + "\"other\"", "SET other = 0;").harmless, "");
}

TEST(SchemaProblems, GetTheSqlstateThatTheirWordsStandFor) {
  const auto sqlstate = [](const std::string& words) {
    return problem(words, "CREATE INDEX i ON t;").sqlstate;
  };
  EXPECT_EQ(sqlstate("could not extend file \"base/1/2\": No space left on device"), "53100");
  EXPECT_EQ(sqlstate("could not resize shared memory segment \"/P.1\" to 9 bytes: No space left on device"),
            "53100");
  EXPECT_EQ(sqlstate("out of memory DETAIL:  Failed on request of size 8"), "53200");
  EXPECT_EQ(sqlstate("server closed the connection unexpectedly"), "57P02");
  EXPECT_EQ(sqlstate("deadlock detected"), "40P01");
  EXPECT_EQ(sqlstate("could not create unique index \"i\""), "");
}

TEST(SchemaProblems, SayWhetherTheObjectIsThere) {
  EXPECT_TRUE(problem("relation \"t\" already exists", "CREATE TABLE t ();").there_already);
  EXPECT_TRUE(problem("duplicate key value violates unique constraint \"pg_ts_dict_dictname_index\"",
                      "CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = simple);")
                  .there_already);
  EXPECT_FALSE(problem("role \"r\" does not exist", "ALTER TABLE t OWNER TO r;").there_already);
}

TEST(SchemaProblems, LoseWhatTheirStatementIsAbout) {
  const restore::Loss view = loss_by(problem("no", "REFRESH MATERIALIZED VIEW public.\"a;b\";"));
  EXPECT_EQ(view.kind, restore::LossKind::materialized_view);
  EXPECT_EQ(view.object, "public.\"a;b\"");
  EXPECT_EQ(view.text, "REFRESH MATERIALIZED VIEW public.\"a;b\": no");
  EXPECT_EQ(loss_by(problem("no", "GRANT ALL ON TABLE t TO r;")).kind, restore::LossKind::privilege);
  const restore::Loss index = loss_by(problem("out of memory", "CREATE INDEX i\n  ON t;"));
  EXPECT_EQ(index, (restore::Loss{restore::LossKind::object, "CREATE INDEX i ON t", "53200",
                                  "CREATE INDEX i ON t: out of memory"}));
}

TEST(Losses, HaveAWordForEachKindInTheRecord) {
  for (int i = 0; i <= static_cast<int>(restore::LossKind::large_object); ++i) {
    const auto kind = static_cast<restore::LossKind>(i);
    EXPECT_EQ(restore::parse_loss_kind(to_string(kind)), kind) << i;
  }
  for (int i = 0; i <= static_cast<int>(restore::NoteKind::replaced); ++i) {
    const auto kind = static_cast<restore::NoteKind>(i);
    EXPECT_EQ(restore::parse_note_kind(to_string(kind)), kind) << i;
  }
  EXPECT_EQ(restore::parse_loss_kind("of a newer version"), restore::LossKind::unknown);
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
