// What a backup does to the cache of a server that others use.
#include <gtest/gtest.h>

#include "tests/fixtures/live_backup.h"

namespace pgassay::test {
namespace {

/// A server with 32 MB of shared buffers: 8 MB that are read all the time, and 120 MB that nobody reads.
class BackupCache : public testing::Test {
 protected:
  BackupCache()
      : server_(LocalServer::Settings{{"shared_buffers", "32MB"}, {"autovacuum", "off"}}),
        database_("cache", R"(CREATE EXTENSION pg_buffercache;
      CREATE TABLE cold AS SELECT g AS id, repeat(md5(g::text), 25) AS v FROM generate_series(1, 130000) g;
      CREATE TABLE hot AS SELECT g AS id, repeat(md5(g::text), 25) AS v FROM generate_series(1, 9000) g;
      ALTER TABLE hot ADD PRIMARY KEY (id);
      VACUUM (FREEZE, ANALYZE) cold; VACUUM (FREEZE, ANALYZE) hot;)",
                  "", server_) {}

  /// In percent of what it had before.
  double hot_after_a_backup(const std::vector<std::string>& more) {
    // By its key: a sequential scan would go through a ring of its own.
    database_.psql(
        "SET enable_seqscan = off; SET enable_bitmapscan = off;"
        "SELECT count(v) FROM hot WHERE id > 0; SELECT count(v) FROM hot WHERE id > 0; SELECT count(v) FROM "
        "hot WHERE id > 0;");
    const double before = resident();
    EXPECT_GT(before, 900);
    const Vault vault;
    const Ran ran = vault.back_up(database_, more);
    EXPECT_EQ(ran.status, 0) << ran.err;
    return 100 * resident() / before;
  }

 private:
  double resident() const {
    return std::stod(database_.value(
        "SELECT count(*) FROM pg_buffercache WHERE relfilenode = pg_relation_filenode('hot')"
        " AND reldatabase = (SELECT oid FROM pg_database WHERE datname = current_database())"));
  }

  LocalServer server_;
  LiveDatabase database_;
};

TEST_F(BackupCache, IsLeftToProduction) {
  EXPECT_GE(hot_after_a_backup({"-j", "2"}), 99);
}

/// So the test above would find it.
TEST_F(BackupCache, IsNotWhereTablesAreSplit) {
  EXPECT_LT(hot_after_a_backup({"-j", "2", "--split-tables"}), 80);
}

}  // namespace
}  // namespace pgassay::test
