// A standby as the source: a real streaming replica.
#include <gtest/gtest.h>

#include "tests/fixtures/live_backup.h"

namespace pgassay::test {
namespace {

class Standby : public testing::Test {
 protected:
  /// Of the standby, under the primary's name of the database.
  Manifest back_up(const LiveDatabase& database) {
    standby_.catch_up(database.server());
    return vault_.back_up(database, recorder_, [&](backup::BackupOptions& options) {
      options.connection = standby_.connection(database.name());
    });
  }

  // Nobody is waited for: what the primary replays ends whoever is in its way.
  LocalServer standby_{shared_server(), {{"max_standby_streaming_delay", "0"}}};
  Recorder recorder_;
  Vault vault_;
};

TEST_F(Standby, GivesAllButTheRowsOfUnloggedTables) {
  const LiveDatabase database("standby_all", R"(
    CREATE TABLE t AS SELECT g AS id, md5(g::text) AS a FROM generate_series(1, 20000) g;
    CREATE UNLOGGED TABLE fleeting AS SELECT 1 AS a; CREATE SEQUENCE s; SELECT nextval('s');
    SELECT lo_from_bytea(0, '\x00ff');
    CREATE MATERIALIZED VIEW m AS SELECT count(*) FROM t;)");
  const Manifest manifest = back_up(database);
  EXPECT_TRUE(manifest.server.standby);
  EXPECT_EQ(relation(manifest, "public", "t").digest.rows, 20000U);
  EXPECT_EQ(relation(manifest, "public", "fleeting").data, Data::none);
  database.psql("DELETE FROM fleeting");
  // A sequence's position is in the WAL 32 values ahead; ahead is safe.
  EXPECT_EQ(vault_.restore_and_compare(database, {"sequences"}), "");
  EXPECT_EQ(database.copied_value("SELECT nextval('s') > 1"), "t");
}

TEST_F(Standby, ThatEndsASessionForAConflictIsAskedAgain) {
  const LiveDatabase database(
      "standby_conflict",
      "CREATE TABLE a_large AS SELECT repeat('x', 1000) AS a FROM generate_series(1, 2000);"
      "CREATE TABLE t AS SELECT 1 AS a;");
  bool altered = false;
  recorder_.on_part = [&](const std::string&) {
    if (std::exchange(altered, true)) return;
    database.psql("ALTER TABLE t ADD COLUMN b int DEFAULT 7");
    standby_.catch_up(database.server());
  };
  const Manifest manifest = back_up(database);
  EXPECT_TRUE(altered);
  EXPECT_GE(recorder_.count("starting again"), 1) << recorder_.messages();
  EXPECT_EQ(relation(manifest, "public", "t").columns, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(vault_.restore_and_compare(database), "");
}

TEST_F(Standby, WhosePrimaryIsAlteredAllTheTimeIsGivenUpWithAClearError) {
  const LiveDatabase database("standby_busy", "CREATE TABLE t AS SELECT 1 AS a;");
  int rounds = 0;
  recorder_.on_part = [&](const std::string&) {
    database.psql("ALTER TABLE t ADD COLUMN b" + std::to_string(++rounds) + " int");
    standby_.catch_up(database.server());
  };
  try {
    back_up(database);
    FAIL() << "a backup though its locks were taken away";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("gave up after"), std::string::npos) << error.what();
    EXPECT_NE(error.hint().find("max_standby_streaming_delay"), std::string::npos) << error.hint();
  }
  EXPECT_TRUE(vault_.repository().list().empty());
  EXPECT_EQ(vault_.debris(), std::vector<std::string>());
}

}  // namespace
}  // namespace pgassay::test
