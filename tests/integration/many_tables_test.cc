// Very many tables; more than the server's lock table holds, too.
#include <gtest/gtest.h>

#include "tests/fixtures/child.h"
#include "tests/fixtures/live_backup.h"

namespace pgassay::test {
namespace {

/// A server with tables of one row each.
class ManyTables {
 public:
  explicit ManyTables(int tables, const LocalServer::Settings& settings = {})
      : server_(settings), database_("many", "", "", server_) {
    // A transaction each: one for all would itself need more locks than there are.
    database_.psql("SELECT format('CREATE TABLE t%s AS SELECT %1$s AS a', g) FROM generate_series(1, " +
                   std::to_string(tables) + ") g \\gexec\n");
  }
  Ended back_up() const {
    return run_child({PGASSAY_BINARY, "backup", "--repo", vault_.root().string(), "--source", "test", "-d",
                      database_.conninfo(), "-j2"},
                     {{"PGASSAY_CONFIG", "/dev/null"}});
  }
  const LiveDatabase& database() const { return database_; }
  const Vault& vault() const { return vault_; }

 private:
  LocalServer server_;
  LiveDatabase database_;
  Vault vault_;
};

/// pg_dump locks all of them at once: nothing is begun that can't end well.
TEST(LockTable, ThatIsTooSmallForPgDumpIsFoundBeforeWithTheValueToSet) {
  const LocalServer server(
      LocalServer::Settings{{"max_locks_per_transaction", "10"}, {"max_connections", "20"}});
  const LiveDatabase database("many", "", "", server);
  database.psql("SELECT format('CREATE TABLE t%s (a int)', g) FROM generate_series(1, 3000) g \\gexec\n");
  const Vault vault;
  Ran ran = vault.run({"doctor", "--source", "test", "-d", database.conninfo()});
  EXPECT_EQ(ran.status, 6) << ran.out;
  ran = vault.back_up(database, {"-j2"});
  EXPECT_EQ(ran.status, 6) << ran.err;
  EXPECT_NE(ran.err.find("too small for pg_dump to lock 3000 tables"), std::string::npos) << ran.err;
  EXPECT_EQ(ran.err.find("starting again"), std::string::npos) << ran.err;
  const std::string before = "max_locks_per_transaction = ";
  const auto at = ran.err.find(before);
  ASSERT_NE(at, std::string::npos) << ran.err;
  const std::string value = std::to_string(std::stoi(ran.err.substr(at + before.size())));
  const LocalServer larger(
      LocalServer::Settings{{"max_locks_per_transaction", value}, {"max_connections", "20"}});
  const LiveDatabase there("many", "", "", larger);
  there.psql("SELECT format('CREATE TABLE t%s (a int)', g) FROM generate_series(1, 3000) g \\gexec\n");
  ran = vault.back_up(there, {"-j2"});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(ran.err.find("lock table"), std::string::npos) << ran.err;
}

TEST(ManyTablesLong, TwelveThousandAreBackedUpAndRestoredOnDefaultSettings) {
  const ManyTables many(12'000);
  const Ended backup = many.back_up();
  ASSERT_EQ(backup.status, 0) << backup.err;
  EXPECT_NE(backup.err.find("max_locks_per_transaction"), std::string::npos) << backup.err;
  EXPECT_EQ(many.vault().manifest(many.database()).summary.rows, 12'000U);
  EXPECT_EQ(many.vault().restore(many.database()), "");
}

TEST(ManyTablesLong, FiveThousandPartitionsComeBack) {
  const LocalServer server(LocalServer::Settings{{"max_locks_per_transaction", "512"}});
  const LiveDatabase database("partitions",
                              "CREATE TABLE t (a int, b text) PARTITION BY RANGE (a);\n"
                              "SELECT format('CREATE TABLE t%s PARTITION OF t FOR VALUES FROM (%s) TO (%s)',"
                              " g, g * 10, g * 10 + 10) FROM generate_series(0, 4999) g \\gexec\n"
                              "INSERT INTO t SELECT g, 'row ' || g FROM generate_series(0, 49999) g;",
                              "", server);
  const Vault vault;
  ASSERT_EQ(vault.back_up(database).status, 0);
  const Manifest manifest = vault.manifest(database);
  EXPECT_EQ(manifest.summary.tables, 5'000U);
  EXPECT_EQ(relation(manifest, "public", "t").digest.rows, 50'000U);
  EXPECT_EQ(vault.restore(database), "");
  EXPECT_EQ(database.copied_value("SELECT count(*), sum(a), count(DISTINCT tableoid) FROM t"),
            "50000|1249975000|5000");
}

TEST(ManyTablesLong, AHundredThousandTakeTimeByTheirNumberAndLittleMemory) {
  double seconds[2] = {};
  long peak_kib[2] = {};
  for (int i = 0; i < 2; ++i) {
    // pg_dump locks all of them.
    const ManyTables many(i == 0 ? 10'000 : 100'000, {{"max_locks_per_transaction", "2048"}});
    const Ended backup = many.back_up();
    ASSERT_EQ(backup.status, 0) << backup.err;
    seconds[i] = backup.seconds;
    peak_kib[i] = backup.peak_kib;
    EXPECT_EQ(many.vault().run({"verify", "latest"}).status, 0);
  }
  std::printf("10,000 tables: %.1f s, %ld MiB; 100,000: %.1f s, %ld MiB\n", seconds[0], peak_kib[0] >> 10,
              seconds[1], peak_kib[1] >> 10);
#if !defined(__SANITIZE_ADDRESS__)  // which has a memory of its own
  EXPECT_LT(peak_kib[1], 256 << 10);
#endif
  EXPECT_LT(seconds[1], 15 * seconds[0]);
}

}  // namespace
}  // namespace pgassay::test
