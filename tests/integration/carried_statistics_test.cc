// The planner's statistics that pg_dump 18 and later carry, and servers of these releases can be given.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/repository/layout.h"
#include "tests/fixtures/child.h"
#include "tests/fixtures/host_postgres.h"
#include "tests/fixtures/live_backup.h"
#include "tests/fixtures/other_releases.h"
#include "tests/fixtures/tamper.h"

namespace pgassay::test {
namespace {

constexpr int kFirstThatKnows = 18;

Path programs_of(int major) {
  return major == host_major() ? host_bin_dir() : bin_dir_of_release(major);
}

class CarriedStatistics : public testing::Test {
 protected:
  /// By a pg_dump that knows them.
  Ran back_up(const LiveDatabase& database, const std::vector<std::string>& more = {}) const {
    const int major = std::max(kFirstThatKnows, database.server().major());
    std::vector<std::string> arguments = {"--pg-dump", (bin_dir_of_release(major) / "pg_dump").string()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return vault_.back_up(database, arguments, with_clients_of(major));
  }
  Ran restore(const LocalServer& target, const LiveDatabase& database) const {
    return vault_.run(
        {"restore", "latest", "--json", "-d", target.conninfo(), "--create", "--into", database.copy()},
        with_clients_of(std::max(kFirstThatKnows, target.major())));
  }
  Path archive(const LiveDatabase& database) const {
    return vault_.newest(database).dir.path() / kStatisticsFile;
  }
  /// The tables that somebody said ANALYZE of.
  static std::string analyzed(const LocalServer& server, const std::string& database) {
    return server.value(
        database,
        "SELECT string_agg(relname, ' ' ORDER BY relname COLLATE \"C\") FROM pg_stat_user_tables"
        " WHERE last_analyze IS NOT NULL");
  }
  static std::string notes(const Ran& restored) {
    return nlohmann::json::parse(restored.out).at("restore").at("notes").dump();
  }

  Vault vault_;
};

/// What ANALYZE found out once is not what it would find out now.
constexpr const char* kPlannedTables = R"(
  CREATE TABLE kept (id int PRIMARY KEY, a int, b text);
  INSERT INTO kept SELECT g, g % 100, 'w' || g % 7 FROM generate_series(1, 2000) g; CREATE INDEX kept_next ON kept ((a + 1));
  CREATE TABLE tree (id int, a text) PARTITION BY RANGE (id); CREATE TABLE tree_1 PARTITION OF tree FOR VALUES FROM (0) TO (5000);
  INSERT INTO tree SELECT g, g % 9 FROM generate_series(1, 2000) g;
  CREATE MATERIALIZED VIEW seen AS SELECT a, count(*) AS times FROM kept GROUP BY a;
  CREATE DOMAIN small AS int CHECK (VALUE < 5000); CREATE TABLE ruled AS SELECT g::small AS d FROM generate_series(1, 100) g;
  CREATE TABLE objects AS SELECT g % 5 AS a, g % 5 AS b FROM generate_series(1, 1000) g; CREATE STATISTICS paired ON a, b FROM objects;
  CREATE TABLE old AS SELECT g AS a FROM generate_series(1, 10) g;
  ANALYZE kept, tree, seen, ruled, objects, old;
  CREATE TABLE never AS SELECT g AS a FROM generate_series(1, 100) g;
  INSERT INTO kept SELECT g, 1000, 'later' FROM generate_series(3001, 3100) g; INSERT INTO tree SELECT g, 'x' FROM generate_series(3001, 3100) g;
  INSERT INTO old SELECT generate_series(11, 1000);)";

constexpr const char* kPlannedStatistics =
    "SELECT string_agg(s::text, E'\\n' ORDER BY tablename, attname, inherited) FROM (SELECT tablename, "
    "attname, inherited,"
    " null_frac, avg_width, n_distinct, most_common_vals, most_common_freqs, histogram_bounds, correlation "
    "FROM pg_stats"
    " WHERE tablename IN ('kept', 'kept_next', 'tree', 'tree_1', 'seen')) s";

/// First the source's release, then the target's.
class CarriedStatisticsLong : public CarriedStatistics,
                              public testing::WithParamInterface<std::pair<int, int>> {};

TEST_P(CarriedStatisticsLong, AreGivenAndOnlyWhatLacksThemIsAnalyzed) {
  const auto [from, to] = GetParam();
  const LocalServer source = LocalServer::of_release(programs_of(from)),
                    target = LocalServer::of_release(programs_of(to));
  const LiveDatabase database("planned", kPlannedTables, "", source);
  const Ran backup = back_up(database);
  ASSERT_EQ(backup.status, 0) << backup.err;
  ASSERT_TRUE(std::filesystem::exists(archive(database)));
  EXPECT_EQ(vault_.run({"verify", "latest"}, with_clients_of(std::max(from, kFirstThatKnows))).status, 0);
  const Ran ran = restore(target, database);
  EXPECT_EQ(ran.status, 0) << ran.out << ran.err;
  EXPECT_EQ(notes(ran).find("statistics"), std::string::npos) << notes(ran);
  if (to < kFirstThatKnows) {
    EXPECT_EQ(analyzed(target, database.copy()), "kept never objects old ruled seen tree tree_1");
    return;
  }
  EXPECT_EQ(target.value(database.copy(), kPlannedStatistics),
            source.value(database.name(), kPlannedStatistics));
  // Those of statistics objects came with 19.
  EXPECT_EQ(analyzed(target, database.copy()), from >= 19 ? "never old ruled" : "never objects old ruled");
  EXPECT_EQ(target.value(database.copy(), "SELECT count(*) FROM pg_statistic_ext_data"), "1");
}

INSTANTIATE_TEST_SUITE_P(From, CarriedStatisticsLong,
                         testing::Values(std::pair(15, 15), std::pair(15, 18), std::pair(18, 18),
                                         std::pair(18, 19), std::pair(19, 19)),
                         [](const auto& info) {
                           return std::to_string(info.param.first) + "to" + std::to_string(info.param.second);
                         });

class RefusedStatisticsLong : public CarriedStatistics {};

TEST_F(RefusedStatisticsLong, CostNoMoreThanANote) {
  const LocalServer server = LocalServer::of_release(bin_dir_of_release(18));
  const LiveDatabase database("refused", kPlannedTables, "", server);
  ASSERT_EQ(back_up(database).status, 0);
  // Of a table that has no such column.
  const LiveDatabase other("other", "CREATE TABLE kept (c int); INSERT INTO kept VALUES (1); ANALYZE kept;",
                           "", server);
  const Ended dumped = run_child({(server.bin_dir() / "pg_dump").string(), "-Fc", "--statistics-only", "-f",
                                  archive(database).string(), "-d", server.conninfo("other")});
  ASSERT_EQ(dumped.status, 0) << dumped.err;
  reseal(vault_.newest(database).dir.path());
  const Ran ran = restore(server, database);
  EXPECT_EQ(ran.status, 0) << ran.out << ran.err;
  EXPECT_NE(notes(ran).find("the server refused some of the backup's; ANALYZE made them"), std::string::npos)
      << notes(ran);
  const std::string all = "kept never objects old ruled seen tree tree_1";
  EXPECT_EQ(analyzed(server, database.copy()), all);

  server.psql("postgres", "DROP DATABASE " + database.copy());
  std::ofstream(archive(database)) << "no archive";
  reseal(vault_.newest(database).dir.path());
  const Ran again = restore(server, database);
  EXPECT_EQ(again.status, 0) << again.out << again.err;
  EXPECT_NE(notes(again).find("statistics of the planner: statistics.pgdump: "), std::string::npos)
      << notes(again);
  EXPECT_EQ(analyzed(server, database.copy()), all);
}

/// They hold values of rows.
TEST_F(RefusedStatisticsLong, AreNotInABackupThatIsNotToHaveAllRows) {
  const LocalServer server = LocalServer::of_release(bin_dir_of_release(18));
  const LiveDatabase database(
      "secret", "CREATE TABLE open AS SELECT 1 AS a; CREATE TABLE hidden AS SELECT 2 AS a; ANALYZE;", "",
      server);
  const Ran backup = back_up(database, {"--exclude-table-data", "public.hidden"});
  ASSERT_EQ(backup.status, 0) << backup.err;
  EXPECT_FALSE(std::filesystem::exists(archive(database)));
}

}  // namespace
}  // namespace pgassay::test
