// backup --all-databases: one run for a cluster.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/fixtures/live_backup.h"

namespace pgassay::test {
namespace {

using nlohmann::json;

/// A server of its own: other tests' databases come and go.
LocalServer& server_of_many() {
  static LocalServer server;
  return server;
}

Ran back_up_all(const Vault& vault, const std::vector<std::string>& more = {},
                const std::string& config = {}) {
  const Path file = vault.root().parent_path() / "pgassay.toml";
  remove_tree(file);
  write_new_file(file, config);
  std::vector<std::string> words = {"backup", "--all-databases",          "--json", "--source", "cluster",
                                    "-d",     server_of_many().conninfo()};
  words.insert(words.end(), more.begin(), more.end());
  return vault.run(words, {{"PGASSAY_CONFIG", file.string()}});
}

std::vector<std::string> databases_of(const Ran& ran) {
  std::vector<std::string> databases;
  const json document = json::parse(ran.out);
  for (const json& backup : document.at("backups")) databases.push_back(backup.at("database"));
  return databases;
}

std::string messages_of(const Ran& ran) {
  return json::parse(ran.out).at("messages").dump();
}

using Names = std::vector<std::string>;

TEST(AllDatabases, AreOneBackupEach) {
  const LiveDatabase one("all_one", "CREATE TABLE t ();", {}, server_of_many()),
      two("All two", "", {}, server_of_many());
  const LiveDatabase closed("all_closed", "", "ALLOW_CONNECTIONS false", server_of_many());
  const Vault vault;
  const Ran ran = back_up_all(vault);
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(databases_of(ran), (Names{"All two", "all_one", "postgres"}));
  EXPECT_EQ(vault.repository().list().size(), 3U);
}

TEST(AllDatabases, OneThatFailsDoesNotStopTheOthersAndTheWorstStatusCounts) {
  const LiveDatabase bad("all_bad", "", {}, server_of_many()), good("all_good", "", {}, server_of_many());
  const Vault vault;
  const RunLock lock = vault.repository().lock_database("cluster", "all_bad", "test");
  const Ran ran = back_up_all(vault);
  EXPECT_EQ(ran.status, 5) << ran.out;
  EXPECT_EQ(databases_of(ran), (Names{"all_good", "postgres"}));
  EXPECT_NE(messages_of(ran).find("database all_bad: "), std::string::npos) << ran.out;
  EXPECT_NE(messages_of(ran).find("1 of 3 databases not backed up: all_bad"), std::string::npos) << ran.out;
}

TEST(AllDatabases, SayOfEachByItselfWhatWasLeftOut) {
  const LiveDatabase one("all_left", "CREATE TABLE t AS SELECT 1 AS i;", {}, server_of_many());
  const Vault vault;
  const json document = json::parse(back_up_all(vault, {"--exclude-table-data", "public.t"}).out);
  EXPECT_FALSE(document.contains("backup"));
  ASSERT_EQ(document.at("backups").size(), 2U) << document.dump(1);
  EXPECT_EQ(document["backups"][0]["left_out"].size(), 1U) << document.dump(1);
  EXPECT_EQ(document["backups"][1]["left_out"].size(), 0U) << document.dump(1);
}

TEST(AllDatabases, ButThoseThatFlagOrConfigurationLeaveOut) {
  const LiveDatabase app("all_app", "", {}, server_of_many()), test("test.1", "", {}, server_of_many());
  const Vault vault;
  const Ran ran = back_up_all(vault, {"--exclude-database", "post????", "--exclude-database", "nosuch"},
                              "[source.cluster]\nexclude_databases = [\"test.*\"]\n");
  EXPECT_EQ(ran.status, 0) << ran.out;
  EXPECT_EQ(databases_of(ran), (Names{"all_app"}));
  EXPECT_NE(messages_of(ran).find("left out: database test.1, by the pattern test.*"), std::string::npos)
      << ran.out;
  EXPECT_NE(messages_of(ran).find("nosuch: no database fits"), std::string::npos) << ran.out;
}

TEST(AllDatabases, ThatAreAllLeftOutAreNoSuccess) {
  const Vault vault;
  const Ran ran = back_up_all(vault, {"--exclude-database", "*"});
  EXPECT_EQ(ran.status, 2) << ran.out;
  EXPECT_TRUE(vault.repository().list().empty());
}

TEST(AllDatabases, OfAServerThatIsNotThereAreOneLine) {
  const Vault vault;
  const Ran ran = vault.run({"backup", "--all-databases", "--source", "cluster", "-d", "host=/nonexistent"});
  EXPECT_EQ(ran.status, 1) << ran.err;
  EXPECT_NE(ran.err.find("/nonexistent"), std::string::npos) << ran.err;
  EXPECT_EQ(ran.err.find("\\x09"), std::string::npos) << ran.err;
}

TEST(AllDatabases, AreDrilledEachThoughAnothersDrillFailed) {
  const LiveDatabase bad("all_bad", "CREATE TABLE t ();", {}, server_of_many()),
      good("all_good", "CREATE TABLE t ();", {}, server_of_many());
  const Vault vault;
  const Ran ran = back_up_all(vault, {"--drill", "--exclude-database", "postgres"},
                              "[source.cluster.drill]\nengine = \"local\"\n"
                              "[[source.cluster.drill.assert]]\nname = \"good\"\n"
                              "sql = \"SELECT current_database() <> 'all_bad'\"\n");
  EXPECT_EQ(ran.status, 3) << ran.out;
  EXPECT_EQ(databases_of(ran), (Names{"all_bad", "all_good"}));
  const json drills = json::parse(ran.out).at("drills");
  ASSERT_EQ(drills.size(), 2U);
  EXPECT_EQ(drills[0].at("verdict"), "FAIL");
  EXPECT_EQ(drills[1].at("verdict"), "PASS") << drills[1].dump(1);
  EXPECT_EQ(drills[1].at("drill").at("database"), "all_good");
  EXPECT_NE(messages_of(ran).find("backed up, but not proved by its drill: all_bad"), std::string::npos)
      << ran.out;
}

}  // namespace
}  // namespace pgassay::test
