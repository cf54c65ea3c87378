// A night over each database of a server.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/fixtures/child.h"
#include "tests/fixtures/http_server.h"
#include "tests/fixtures/live_backup.h"

namespace pgassay::test {
namespace {

using nlohmann::json;

/// Of its own: other tests' databases come and go.
LocalServer& cluster() {
  static LocalServer server;
  return server;
}

class NightlyAllDatabases : public testing::Test {
 protected:
  NightlyAllDatabases() { configure("all_databases = true\n"); }

  void configure(const std::string& of_source) const {
    replace_file(config(), "[notify]\nping_url = \"" + pings_.url("/uuid") +
                               "\"\n[source.cluster]\ndbname = \"" + cluster().conninfo() +
                               "\"\nexclude_databases = [\"postgres\"]\n" + of_source);
  }
  Path config() const { return dir_.path() / "pgassay.toml"; }
  Ran run(const std::vector<std::string>& words) const {
    return vault_.run(words, {{"PGASSAY_CONFIG", config().string()}});
  }
  /// "DATABASE STEP OUTCOME", one a line, and the exit status.
  std::string night(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words = {"nightly", "cluster", "--json"};
    words.insert(words.end(), more.begin(), more.end());
    const Ran ran = run(words);
    std::string text;
    const json document = json::parse(ran.out);
    for (const json& night : document.at("nights"))
      for (const json& step : night.at("steps"))
        text += (step.at("database").is_null() ? "-" : step.at("database").get<std::string>()) + " " +
                step.at("name").get<std::string>() + " " + step.at("outcome").get<std::string>() + "\n";
    return text + std::to_string(ran.status);
  }

  TemporaryDir dir_;
  HttpServer pings_;
  Vault vault_;
  LiveDatabase one_{"night_one", "CREATE TABLE t AS SELECT 1 AS i", {}, cluster()},
      two_{"night_two", "CREATE TABLE t AS SELECT 2 AS i", {}, cluster()};
};

TEST_F(NightlyAllDatabases, TakesEachByItselfAndTellsOnce) {
  EXPECT_EQ(night(),
            "- list done\nnight_one backup done\nnight_one verify done\nnight_one drill not due\nnight_one "
            "prune done\n"
            "night_two backup done\nnight_two verify done\nnight_two drill not due\nnight_two prune done\n0");
  ASSERT_EQ(pings_.requests().size(), 2u);
  EXPECT_TRUE(pings_.requests()[1].starts_with("POST /uuid HTTP")) << pings_.requests()[1];
  EXPECT_NE(pings_.requests()[1].find("night_two: cluster/night_two/"), std::string::npos)
      << pings_.requests()[1];
  const Ran status = run({"status"});
  EXPECT_EQ(status.status, 0) << status.out;
  for (const char* name : {"cluster/night_one", "cluster/night_two"})
    EXPECT_NE(status.out.find(name), std::string::npos) << status.out;
}

TEST_F(NightlyAllDatabases, GoOnAfterOneThatFailsAndStatusSaysWhichItWas) {
  ASSERT_NE(night().find("\n0"), std::string::npos);
  {
    const RunLock lock = vault_.repository().lock_database("cluster", "night_one", "test");
    EXPECT_EQ(night(),
              "- list done\nnight_one backup failed\nnight_one verify skipped\nnight_one drill "
              "skipped\nnight_one prune "
              "done\nnight_two backup done\nnight_two verify done\nnight_two drill not due\nnight_two "
              "prune done\n5");
  }
  EXPECT_TRUE(pings_.requests().back().starts_with("POST /uuid/fail HTTP")) << pings_.requests().back();
  const Ran status = run({"status"});
  EXPECT_EQ(status.status, 6);
  EXPECT_NE(status.out.find("CRITICAL cluster/night_one: in the last run, backup failed"), std::string::npos)
      << status.out;
  EXPECT_EQ(status.out.find("CRITICAL cluster/night_two"), std::string::npos) << status.out;
}

TEST_F(NightlyAllDatabases, DoesNothingOnlyWhileEachHasAYoungBackup) {
  ASSERT_NE(night().find("\n0"), std::string::npos);
  EXPECT_EQ(night({"--unless-newer", "20h"}), "0");
  const LiveDatabase three("night_three", "", {}, cluster());
  EXPECT_NE(night({"--unless-newer", "20h"}).find("night_three backup done"), std::string::npos);
}

TEST_F(NightlyAllDatabases, FailsLoudlyWhenTheyCanNotBeListed) {
  ASSERT_NE(night().find("\n0"), std::string::npos);
  replace_file(config(), "[source.cluster]\nhost = \"" + dir_.path().string() + "\"\nall_databases = true\n");
  EXPECT_EQ(night(), "- list failed\n- prune done\n1");
  const Ran status = run({"status"});
  EXPECT_EQ(status.status, 6);
  EXPECT_NE(status.out.find("CRITICAL cluster/night_two: in the last run, list failed"), std::string::npos)
      << status.out;
}

/// And that one is not fresh, however young its last backup is.
TEST_F(NightlyAllDatabases, FailWhileOneThatHadBackupsCanNotBeConnectedTo) {
  ASSERT_NE(night().find("\n0"), std::string::npos);
  cluster().psql("postgres", "ALTER DATABASE night_two ALLOW_CONNECTIONS false");
  const std::string closed = night();
  EXPECT_TRUE(closed.ends_with("night_one prune done\nnight_two backup failed\n6")) << closed;
  Ran status = run({"status"});
  EXPECT_EQ(status.status, 6);
  EXPECT_NE(status.out.find("CRITICAL cluster/night_two: in the last run, backup failed"), std::string::npos)
      << status.out;
  EXPECT_NE(status.out.find("ALLOW_CONNECTIONS true"), std::string::npos) << status.out;
  EXPECT_EQ(run({"backup", "cluster", "--all-databases"}).status, 6);
  cluster().psql("postgres", "ALTER DATABASE night_two RENAME TO night_moved");
  EXPECT_NE(night().find("night_two backup failed\n6"), std::string::npos);
  cluster().psql("postgres",
                 "ALTER DATABASE night_moved RENAME TO night_two;"
                 "ALTER DATABASE night_two ALLOW_CONNECTIONS true");
  EXPECT_NE(night().find("\n0"), std::string::npos);
  EXPECT_EQ(run({"status"}).status, 0);
}

TEST_F(NightlyAllDatabases, NameWhatTheyLeaveAsideEachTime) {
  const LiveDatabase closed("night_closed", "", "ALLOW_CONNECTIONS false", cluster()),
      model("night_model", "CREATE TABLE t (a int)", "IS_TEMPLATE true", cluster()),
      plain("night_plain", "", "IS_TEMPLATE true", cluster()), half("night_half", "", {}, cluster());
  cluster().psql("postgres", "UPDATE pg_database SET datconnlimit = -2 WHERE datname = 'night_half'");
  for (int time = 0; time < 2; ++time) {
    const Ran ran = run({"nightly", "cluster"});
    EXPECT_EQ(ran.status, 0) << ran.err;
    for (const char* words : {"left out: database night_closed: it is closed",
                              "left out: database night_model: it is a template, and holds objects of users",
                              "left out: database night_half: a DROP DATABASE of it was interrupted",
                              "DROP DATABASE \"night_half\";"})
      EXPECT_NE(ran.err.find(words), std::string::npos) << words << "\n" << ran.err;
    EXPECT_EQ(ran.err.find("night_plain"), std::string::npos) << ran.err;
  }
  cluster().psql(
      "postgres",
      "UPDATE pg_database SET datconnlimit = -1 WHERE datname = 'night_half';"
      "ALTER DATABASE night_model IS_TEMPLATE false; ALTER DATABASE night_plain IS_TEMPLATE false");
}

TEST_F(NightlyAllDatabases, AreAskedForOnTheCommandLineToo) {
  configure("");
  EXPECT_NE(night({"--all-databases", "--exclude-database", "night_t*"}).find("night_one backup done"),
            std::string::npos);
  EXPECT_EQ(vault_.repository().list().size(), 1u);
}

TEST_F(NightlyAllDatabases, IsWhatBackupDatabaseCalls) {
  const std::string path = Path(PGASSAY_BINARY).parent_path().string() + ":/usr/bin:/bin";
  const Ended ended = run_child(
      {PGASSAY_SOURCE_DIR "/scripts/backup-database"},
      {{"PATH", path}, {"PGASSAY_CONFIG", config().string()}, {"PGASSAY_REPO", vault_.root().string()}});
  EXPECT_EQ(ended.status, 0) << ended.err;
  EXPECT_EQ(vault_.repository().list().size(), 2u) << ended.out;
}

}  // namespace
}  // namespace pgassay::test
