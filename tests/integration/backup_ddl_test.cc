// Backups beside loops of DDL: each ends well or fails in so many words, and what one holds is a state that
// was committed.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>

#include "backup/catalog_damage.h"
#include "backup/newcomers.h"
#include "tests/fixtures/live_backup.h"
#include "tests/fixtures/sample_sql.h"

namespace pgassay::test {
namespace {

struct Loop {
  const char *name, *tables;
  std::vector<std::string> statements;
  /// Of a restored copy.
  const char *check, *expected;
};

std::vector<Loop> loops(const std::string& seconds_of_pause) {
  const std::string pause = "SELECT pg_sleep(" + seconds_of_pause + ")";
  return {
      {"ColumnsThatComeAndGo",
       "CREATE TABLE t AS SELECT g AS a FROM generate_series(1, 1000) g;",
       {"ALTER TABLE t ADD COLUMN b int DEFAULT 7", pause, "ALTER TABLE t DROP COLUMN b"},
       "SELECT count(a), sum(a) FROM t",
       "1000|500500"},
      {"TablesThatSwapTheirNames",
       "CREATE TABLE a AS SELECT 1 AS x; CREATE TABLE b AS SELECT 2 AS x, 3 AS y;",
       {"BEGIN; ALTER TABLE a RENAME TO c; ALTER TABLE b RENAME TO a; ALTER TABLE c RENAME TO b; COMMIT",
        pause},
       "SELECT sum(x) FROM (SELECT x FROM a UNION ALL SELECT x FROM b) u",
       "3"},
      // A lock on a table does not keep its schema from being renamed.
      {"SchemasThatSwapTheirNames",
       "CREATE SCHEMA blue; CREATE SCHEMA green; CREATE TABLE blue.t AS SELECT 1 AS x FROM "
       "generate_series(1, 1000);"
       "CREATE TABLE green.t AS SELECT 2 AS x FROM generate_series(1, 1000);",
       {"BEGIN; ALTER SCHEMA blue RENAME TO red; ALTER SCHEMA green RENAME TO blue;"
        "ALTER SCHEMA red RENAME TO green; COMMIT",
        pause},
       "SELECT sum(x) FROM (SELECT x FROM blue.t UNION ALL SELECT x FROM green.t) u",
       "3000"},
      {"SequencesThatSwapTheirNames",
       "CREATE SEQUENCE a; CREATE SEQUENCE b; SELECT setval('a', 5), setval('b', 1000);",
       {"BEGIN; ALTER SEQUENCE a RENAME TO c; ALTER SEQUENCE b RENAME TO a; ALTER SEQUENCE c RENAME TO b; "
        "COMMIT",
        pause},
       "SELECT a.last_value + b.last_value FROM a, b",
       "1005"},
      {"TablesThatAreDroppedAndMadeAgain",
       "CREATE TABLE t AS SELECT g AS a FROM generate_series(1, 1000) g; CREATE TABLE u AS SELECT 1 AS a;",
       {"BEGIN; DROP TABLE t; CREATE TABLE t AS SELECT g AS a FROM generate_series(1, 1000) g; COMMIT",
        "DROP TABLE u", "CREATE TABLE u AS SELECT 1 AS a", pause},
       "SELECT count(a), sum(a) FROM t",
       "1000|500500"},
      {"PartitionsThatAreDetachedAndAttached",
       "CREATE TABLE t (a int) PARTITION BY RANGE (a); CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (1) TO "
       "(501);"
       "CREATE TABLE t2 PARTITION OF t FOR VALUES FROM (501) TO (1001); INSERT INTO t SELECT "
       "generate_series(1, 1000);",
       {"ALTER TABLE t DETACH PARTITION t2", pause,
        "ALTER TABLE t ATTACH PARTITION t2 FOR VALUES FROM (501) TO (1001)", pause},
       "SELECT count(a), sum(a) FROM (SELECT a FROM t1 UNION ALL SELECT a FROM t2) u",
       "1000|500500"},
      {"MaterializedViewsThatAreRefreshed",
       "CREATE TABLE t AS SELECT g AS a FROM generate_series(1, 1000) g; CREATE MATERIALIZED VIEW m AS "
       "SELECT sum(a) FROM t;"
       "CREATE UNIQUE INDEX ON m (sum);",
       {"REFRESH MATERIALIZED VIEW m", "REFRESH MATERIALIZED VIEW CONCURRENTLY m", pause},
       "SELECT sum FROM m",
       "500500"},
      // Rows get other ctids, and pages come and go at the end.
      {"TablesThatAreWrittenAnew",
       "CREATE TABLE t AS SELECT g AS a, repeat('x', 500) AS b FROM generate_series(1, 3000) g; CREATE INDEX "
       "i ON t (a);"
       "DELETE FROM t WHERE a > 1000;",
       {"VACUUM FULL t", pause, "UPDATE t SET b = b", "CLUSTER t USING i", pause},
       "SELECT count(a), sum(a) FROM t",
       "1000|500500"},
  };
}

/// On a busy machine a backup takes longer than these pauses, and never finds a quiet moment: they are as
/// long as one takes there.
void fit_pauses(std::vector<std::string>& statements, double seconds_of_a_backup) {
  const std::string pause = "SELECT pg_sleep(";
  for (std::string& statement : statements)
    if (statement.starts_with(pause))
      statement =
          fmt::format("{}greatest({}, {})", pause, seconds_of_a_backup, statement.substr(pause.size()));
}

/// How many of so many backups end well; of the newest that did the restored copy is looked at.
int come_through(const Loop& loop, const std::string& database_name, int runs) {
  const LiveDatabase database(database_name, loop.tables);
  const Vault vault;
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_EQ(vault.back_up(database).status, 0);
  std::vector<std::string> statements = loop.statements;
  fit_pauses(statements, std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count());
  int good = 0;
  Beside beside(database, statements, Beside::Times::for_ever);
  for (int run = 0; run < runs; ++run) {
    const Ran ran = vault.back_up(database);
    good += ran.status == 0;
    if (ran.status == 0) continue;
    EXPECT_EQ(ran.status, 1);
    EXPECT_NE(ran.err.find("gave up after"), std::string::npos) << ran.err;
  }
  EXPECT_GT(beside.halt(), 0);
  if (good == 0) return good;
  EXPECT_EQ(vault.restore(database), "");
  EXPECT_EQ(database.copied_value(loop.check), loop.expected);
  return good;
}

class BackupDdl : public testing::TestWithParam<Loop> {};
TEST_P(BackupDdl, IsComeThrough) {
  EXPECT_GE(come_through(GetParam(), "ddl", 3), 2);
}

class BackupDdlLong : public testing::TestWithParam<Loop> {};
TEST_P(BackupDdlLong, IsComeThroughNineTimesOfTen) {
  EXPECT_GE(come_through(GetParam(), "ddl_long", 10), 9);
}

/// Each has another name, or all of them the same.
std::vector<std::string> staging(const std::string& name) {
  const auto made_of = [&](const std::string& statement) {
    return "DO $$ BEGIN EXECUTE format('" + statement + "', '" + name + "' || currval('n')); END $$";
  };
  return {"SELECT nextval('n')", made_of("CREATE TABLE %I (id serial PRIMARY KEY, a int)"),
          made_of("INSERT INTO %I (a) SELECT generate_series(1, 100)"), "SELECT pg_sleep(0.02)",
          made_of("DROP TABLE %I")};
}

constexpr const char* kTableBesideStaging =
    "CREATE SEQUENCE n; CREATE TABLE t AS SELECT g AS a FROM generate_series(1, 1000) g;"
    "DO $$ BEGIN FOR i IN 1..30 LOOP EXECUTE format('CREATE TABLE w%s (id serial PRIMARY KEY)', i);"
    "END LOOP; END $$;";

TEST(BackupBesideStagingTables, IsTakenWithoutThoseThatComeAndGo) {
  const LiveDatabase database("staging", kTableBesideStaging);
  const Vault vault;
  Beside one(database, staging("one_"), Beside::Times::for_ever);
  Beside two(database, staging("two_"), Beside::Times::for_ever);
  int told = 0;
  for (int run = 0; run < 3; ++run) {
    const Ran ran = vault.back_up(database);
    EXPECT_EQ(ran.status, 0) << ran.err;
    told += ran.err.find("left out, for they came meanwhile: ") != std::string::npos;
  }
  one.halt(), two.halt();
  EXPECT_GT(told, 0);
  EXPECT_EQ(vault.restore(database), "");
  EXPECT_EQ(database.copied_value("SELECT count(a), sum(a) FROM t"), "1000|500500");
  EXPECT_EQ(database.copied_value("SELECT count(*) FROM pg_tables WHERE tablename LIKE 'w%'"), "30");
}

TEST(SettledRelations, AreThoseThatWereThereBefore) {
  const LiveDatabase database("settled", "CREATE TABLE t (a serial); CREATE VIEW v AS SELECT a FROM t;");
  Connection connection = database.connect();
  backup::Settled settled;
  EXPECT_FALSE(settled.look(connection));
  EXPECT_FALSE(settled.contains({"public", "t"}));
  database.psql("CREATE TABLE \"came \"\"late\" (b serial); CREATE TEMP TABLE mine (a int);");
  EXPECT_FALSE(settled.look(connection));
  EXPECT_TRUE(settled.contains({"public", "t"}));
  std::string newcomers;
  for (const backup::Newcomer& newcomer : settled.newcomers(connection)) newcomers += newcomer.shown + "\n";
  EXPECT_EQ(newcomers, "table public.came \"late\nsequence public.came \"late_b_seq\n");
  EXPECT_FALSE(settled.look(connection));
  EXPECT_TRUE(settled.contains({"public", "came \"late"}));
  database.psql("DROP VIEW v");
  EXPECT_TRUE(settled.look(connection));
}

TEST(SettledRelations, AreNotThoseThatAreDroppedAndMadeAllTheTime) {
  const LiveDatabase database("settled_anew", "CREATE TABLE comes_and_goes (); CREATE TABLE made_anew ();");
  Connection connection = database.connect();
  backup::Settled settled;
  settled.look(connection);
  for (int round = 0; round < 2; ++round) {
    database.psql(
        "BEGIN; DROP TABLE made_anew; CREATE TABLE made_anew (); COMMIT; DROP TABLE comes_and_goes");
    settled.look(connection);
    database.psql("CREATE TABLE comes_and_goes ()");
    settled.look(connection);
    database.psql("BEGIN; DROP TABLE made_anew; CREATE TABLE made_anew (); COMMIT");
    EXPECT_TRUE(settled.look(connection));
    EXPECT_TRUE(settled.contains({"public", "made_anew"}));
  }
  database.psql("DROP TABLE comes_and_goes; CREATE TABLE comes_and_goes ()");
  settled.look(connection);
  EXPECT_FALSE(settled.contains({"public", "comes_and_goes"}));
}

/// What pg_dump names by a number alone.
TEST(BackupOfADamagedCatalog, NamesTheObject) {
  if (shared_server().major() < 14) GTEST_SKIP() << "before 14 a server does not say its catalogs' keys";
  const LiveDatabase database("damaged",
                              "CREATE SCHEMA s; CREATE TABLE t (a int);"
                              "CREATE FUNCTION s.f() RETURNS int LANGUAGE sql AS 'SELECT 1';"
                              "SET allow_system_table_mods = on; "
                              "DELETE FROM pg_namespace WHERE nspname = 's';");
  const Ran ran = Vault().back_up(database);
  EXPECT_EQ(ran.status, 1) << ran.err;
  EXPECT_NE(ran.err.find("the catalog is damaged: pg_proc f (oid "), std::string::npos) << ran.err;
  EXPECT_NE(ran.err.find(" is in no row of pg_namespace"), std::string::npos) << ran.err;
}

TEST(BackupOfADamagedCatalog, IsNotSaidOfSoundOnes) {
  const LiveDatabase database("undamaged", sample_sql(shared_server()));
  Connection connection = database.connect();
  EXPECT_EQ(testing::PrintToString(backup::catalog_damage(connection)), "{}");
}

std::string name_of(const testing::TestParamInfo<Loop>& loop) {
  return loop.param.name;
}
INSTANTIATE_TEST_SUITE_P(Of, BackupDdl, testing::ValuesIn(loops("0.3")), name_of);
// Nine of ten find a quiet moment between these, in a sanitized build too.
INSTANTIATE_TEST_SUITE_P(Of, BackupDdlLong, testing::ValuesIn(loops("0.7")), name_of);

}  // namespace
}  // namespace pgassay::test
