// backup --all-databases: one run for a cluster.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/fixtures/live_backup.h"

namespace pgassay::test {
namespace {

using nlohmann::json;

/// A server of its own: other tests' databases come and go.
LocalServer& cluster() {
  static LocalServer server;
  return server;
}

Ran back_up_all(const Vault& vault) {
  return vault.run(
      {"backup", "--all-databases", "--json", "--source", "cluster", "-d", cluster().conninfo()});
}

TEST(AllDatabases, AreOneBackupEach) {
  const LiveDatabase one("all_one", "CREATE TABLE t ();", {}, cluster()), two("All two", "", {}, cluster());
  const LiveDatabase closed("all_closed", "", "ALLOW_CONNECTIONS false", cluster());
  const Vault vault;
  const Ran ran = back_up_all(vault);
  EXPECT_EQ(ran.status, 0) << ran.err;
  std::vector<std::string> databases;
  for (const json& backup : json::parse(ran.out).at("backups")) databases.push_back(backup.at("database"));
  EXPECT_EQ(databases, (std::vector<std::string>{"All two", "all_one", "postgres"}));
  EXPECT_EQ(vault.repository().list().size(), 3U);
}

TEST(AllDatabases, OneThatFailsDoesNotStopTheOthersAndTheWorstStatusCounts) {
  const LiveDatabase bad("all_bad", "", {}, cluster()), good("all_good", "", {}, cluster());
  const Vault vault;
  const RunLock lock = vault.repository().lock_database("cluster", "all_bad", "test");
  const Ran ran = back_up_all(vault);
  EXPECT_EQ(ran.status, 5) << ran.out;
  const json document = json::parse(ran.out);
  EXPECT_EQ(document.at("backups").size(), 2U);
  const std::string messages = document.at("messages").dump();
  EXPECT_NE(messages.find("database all_bad: "), std::string::npos) << messages;
  EXPECT_NE(messages.find("not backed up: all_bad"), std::string::npos) << messages;
}

}  // namespace
}  // namespace pgassay::test
