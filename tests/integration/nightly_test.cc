// Whole nights by the program as it was built.
#include <gtest/gtest.h>

#include <csignal>
#include <nlohmann/json.hpp>

#include "nightly/record.h"
#include "tests/fixtures/child.h"
#include "tests/fixtures/http_server.h"
#include "tests/fixtures/live_backup.h"
#include "tests/fixtures/tamper.h"

namespace pgassay::test {
namespace {

using nlohmann::json;

/// A configuration with one source, "test", of a small database.
class NightlyCommand : public testing::Test {
 protected:
  NightlyCommand() : database_("nightly_small", "CREATE TABLE t AS SELECT generate_series(1, 1000) AS i") {
    make_private_dirs(work());
    std::filesystem::permissions(dir_.path(), std::filesystem::perms(0711));
    std::filesystem::permissions(work(), std::filesystem::perms(0711));
    configure();
  }

  Path work() const { return dir_.path() / "work"; }
  Path config() const { return dir_.path() / "pgassay.toml"; }
  Path metrics() const { return dir_.path() / "pgassay.prom"; }
  void configure(const std::string& top = {}, const std::string& of_source = {}) const {
    replace_file(config(),
                 top + "metrics_file = \"pgassay.prom\"\n[drill]\nengine = \"local\"\nwork_dir = \"work\"\n" +
                     "[source.test]\ndbname = \"" + database_.conninfo() + "\"\n" + of_source);
  }
  Ran run(std::vector<std::string> words) const {
    return vault_.run(words, {{"PGASSAY_CONFIG", config().string()}});
  }
  /// Outcome of each step, as in "backup done, verify done".
  static std::string steps(const Ran& ran) {
    std::string text;
    const json document = json::parse(ran.out);
    for (const json& step : document.at("nights").at(0).at("steps"))
      text += (text.empty() ? "" : ", ") + step.at("name").get<std::string>() + " " +
              step.at("outcome").get<std::string>();
    return text;
  }
  Ran night(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words = {"nightly", "test", "--json"};
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
  }

  TemporaryDir dir_;
  Vault vault_;
  LiveDatabase database_;
};

TEST_F(NightlyCommand, BacksUpVerifiesDrillsWhenDueAndPrunes) {
  configure("drill_every = \"7d\"\n");
  const Ran first = night();
  EXPECT_EQ(first.status, 0) << first.out;
  EXPECT_EQ(steps(first), "backup done, verify done, drill done, prune done, metrics done");
  const Ran second = night();
  EXPECT_EQ(steps(second), "backup done, verify done, drill not due, prune done, metrics done") << second.out;

  const Ran status = run({"status"});
  EXPECT_EQ(status.status, 0) << status.out << status.err;
  EXPECT_NE(status.out.find("test/nightly_small"), std::string::npos) << status.out;
  EXPECT_NE(status.out.find("OK"), std::string::npos) << status.out;
  const std::string text = read_file(metrics());
  EXPECT_NE(text.find("pgassay_nightly_exit_status{source=\"test\",database=\"nightly_small\"} 0\n"),
            std::string::npos)
      << text;
  EXPECT_EQ(std::filesystem::status(metrics()).permissions(), std::filesystem::perms(0644));
}

TEST_F(NightlyCommand, IsSilentForCronWhenAllWentWell) {
  const Ran ran = run({"nightly", "--quiet"});
  EXPECT_EQ(ran.status, 0);
  EXPECT_EQ(ran.out + ran.err, "");
}

TEST_F(NightlyCommand, TellsInOneSummaryWhatWasDone) {
  const Ran ran = run({"nightly", "test"});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_NE(ran.out.find("test: done\n  backup   done"), std::string::npos) << ran.out;
}

TEST_F(NightlyCommand, FailsLoudlyWithoutAServerAndStatusRemembers) {
  ASSERT_EQ(night().status, 0);
  replace_file(config(),
               "[source.test]\nhost = \"" + dir_.path().string() + "\"\ndatabase = \"nightly_small\"\n");
  const Ran ran = run({"nightly", "test", "--quiet"});
  EXPECT_EQ(ran.status, 1) << ran.out << ran.err;
  EXPECT_NE(ran.err.find("backup: "), std::string::npos) << ran.err;
  EXPECT_NE(ran.out.find("verify   skipped"), std::string::npos) << ran.out;
  const Ran status = run({"status"});
  EXPECT_EQ(status.status, 6);
  EXPECT_NE(status.out.find("in the last run, backup failed"), std::string::npos) << status.out;
  EXPECT_EQ(run({"status", "--nagios"}).status, 2);
}

TEST_F(NightlyCommand, RunsOnceAtATime) {
  ASSERT_EQ(night().status, 0);
  const nightly::NightLock lock(vault_.repository(), "test");
  const Ran ran = run({"nightly", "test"});
  EXPECT_EQ(ran.status, 5) << ran.err;
  EXPECT_NE(ran.err.find("another nightly run of test"), std::string::npos) << ran.err;
}

TEST_F(NightlyCommand, DoesNothingWhileTheLastOneIsYoung) {
  ASSERT_EQ(night({"--unless-newer", "20h"}).status, 0);
  ASSERT_EQ(night({"--unless-newer", "20h"}).status, 0);
  EXPECT_EQ(vault_.repository().list().size(), 1u);
}

TEST_F(NightlyCommand, EndsWhenItsTimeIsOver) {
  Beside blocker(database_, {"BEGIN; LOCK TABLE t IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(30)"});
  database_.until(
      "SELECT count(*) > 0 FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND relation = 't'::regclass");
  configure("", "lock_timeout = 25\n");
  const Ran ran = night({"--timeout", "2s"});
  EXPECT_EQ(ran.status, 1) << ran.out;
  EXPECT_NE(ran.out.find("time-out is over"), std::string::npos) << ran.out;
  EXPECT_EQ(steps(ran), "backup failed, verify skipped, drill skipped, prune skipped, metrics done");
  EXPECT_EQ(vault_.debris(), std::vector<std::string>());
}

TEST_F(NightlyCommand, InterruptedStillTellsSomebody) {
  const HttpServer server;
  Beside blocker(database_, {"BEGIN; LOCK TABLE t IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(30)"});
  database_.until(
      "SELECT count(*) > 0 FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND relation = 't'::regclass");
  configure("", "lock_timeout = 25\n[source.test.notify]\nping_url = \"" + server.url("/uuid") + "\"\n");
  Child child({PGASSAY_BINARY, "nightly", "test", "--repo", vault_.root().string()},
              {{"PGASSAY_CONFIG", config().string()}});
  database_.until_queued("t");
  child.signal(SIGTERM);
  const Ended ended = child.wait();
  EXPECT_EQ(ended.status, 143) << ended.err;
  ASSERT_EQ(server.requests().size(), 2u);
  EXPECT_TRUE(server.requests()[0].starts_with("POST /uuid/start "));
  EXPECT_TRUE(server.requests()[1].starts_with("POST /uuid/fail "));
}

TEST_F(NightlyCommand, LeavesCpuAndDiskToOthersWithLowPriority) {
  const Path said = work() / "said";
  configure("", "[source.test.notify]\ncommand = [\"sh\", \"-c\", \"nice > " + said.string() +
                    "; ionice >> " + said.string() + "\"]\nwhen = \"always\"\n");
  ASSERT_EQ(night({"--low-priority"}).status, 0);
  EXPECT_EQ(read_file(said), "10\nbest-effort: prio 7\n") << "of what it starts, too";
}

TEST_F(NightlyCommand, FailsNoBackupForANotificationButSaysSo) {
  configure("", "[source.test.notify]\ncommand = [\"/nonexistent/pager\"]\nwhen = \"always\"\n");
  const Ran ran = night();
  EXPECT_EQ(ran.status, 0) << ran.out;
  EXPECT_NE(ran.out.find("/nonexistent/pager"), std::string::npos) << ran.out;
  const Ran status = run({"status"});
  EXPECT_EQ(status.status, 6);
  EXPECT_NE(status.out.find("notify failed"), std::string::npos) << status.out;
}

TEST_F(NightlyCommand, StatusTellsOfRotUntilItIsGone) {
  ASSERT_EQ(night().status, 0);
  // The next backup links the part anew only after it has read it; so it is spoiled in the newest, and found
  // there.
  const Backup backup = vault_.newest(database_);
  const Path part = backup.dir.path() / relation(read_manifest(backup.dir), "public", "t").parts[0].file;
  std::string bytes = read_file(part);
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  replace_file(part, bytes);
  ASSERT_EQ(run({"verify", "latest"}).status, 3);
  const Ran status = run({"status", "--json"});
  EXPECT_EQ(status.status, 3);
  EXPECT_EQ(json::parse(status.out).at("status").at(0).at("concerns").at(0).at("kind"), "bad");
  EXPECT_EQ(night().status, 0) << "a new backup mends it";
  EXPECT_EQ(run({"status"}).status, 3) << "the bad one is still there";
}

/// A volume is lost, and the application makes its tables in a new database of the name.
TEST_F(NightlyCommand, FailsEachNightWhileTheDatabaseIsEmptyUntilThatIsAccepted) {
  ASSERT_EQ(night().status, 0);
  const std::string full = vault_.newest(database_).id.stamp;
  database_.server().psql("postgres", "DROP DATABASE nightly_small");
  database_.server().psql("postgres", "CREATE DATABASE nightly_small");
  database_.psql("CREATE TABLE t (i integer)");
  configure("keep_days = 0\nkeep_min = 1\nmax_delete_fraction = 1\n");
  const Ran first = night();
  EXPECT_EQ(first.status, 6) << first.out;
  EXPECT_EQ(steps(first), "backup done, shrink failed, verify done, drill not due, prune done, metrics done");
  EXPECT_NE(first.out.find("0 rows of 1000"), std::string::npos) << first.out;
  EXPECT_NE(first.out.find("is of another database of that name"), std::string::npos) << first.out;
  const Ran second = night();
  EXPECT_EQ(second.status, 6) << second.out;
  EXPECT_EQ(second.out.find("is of another database of that name"), std::string::npos) << "that is told once";
  EXPECT_NE(
      read_file(metrics()).find("pgassay_backup_shrunk{source=\"test\",database=\"nightly_small\"} 1\n"),
      std::string::npos);
  EXPECT_EQ(json::parse(run({"status", "--json"}).out).at("status").at(0).at("concerns").at(0).at("kind"),
            "shrunk");
  EXPECT_EQ(run({"status", "--nagios"}).status, 2);
  EXPECT_EQ(run({"status"}).status, 6);
  EXPECT_EQ(run({"status", "--shrink-alarm", "0"}).status, 0);

  const Ran plan = run({"prune", "--dry-run", "--keep-days", "0", "--keep-min", "1"});
  EXPECT_NE(plan.out.find("before_shrink (0 rows of 1000)"), std::string::npos) << plan.out;
  ASSERT_EQ(night().status, 6);
  EXPECT_EQ(run({"accept", "latest", "--reason", "it begins anew"}).status, 0);
  EXPECT_EQ(run({"status"}).status, 0);
  EXPECT_EQ(night().status, 0);
  for (const Backup& backup : vault_.repository().list()) EXPECT_NE(backup.id.stamp, full);
}

TEST_F(NightlyCommand, StatusSpeaksAsNagiosWantsIt) {
  const Ran unknown = pgassay({"status", "--nagios", "--repo", (dir_.path() / "nothing").string()},
                              {{"PGASSAY_CONFIG", config().string()}});
  EXPECT_EQ(unknown.status, 3);
  EXPECT_TRUE(unknown.out.starts_with("PGASSAY UNKNOWN - ")) << unknown.out;
  ASSERT_EQ(night().status, 0);
  const Ran ok = run({"status", "--nagios"});
  EXPECT_EQ(ok.status, 0);
  EXPECT_TRUE(ok.out.starts_with("PGASSAY OK - 1 database | 'test/nightly_small age'=")) << ok.out;
  EXPECT_EQ(std::count(ok.out.begin(), ok.out.end(), '\n'), 1);
}

TEST_F(NightlyCommand, RefusesWhatItDoesNotKnow) {
  EXPECT_EQ(run({"nightly", "other"}).status, 2);
  EXPECT_EQ(run({"nightly", "test", "--timeout", "soon"}).status, 2);
  EXPECT_EQ(run({"status", "other"}).status, 2);
  configure("max_age = \"soon\"\n");
  EXPECT_NE(run({"status"}).err.find("pgassay.toml:1: max_age"), std::string::npos);
}

}  // namespace
}  // namespace pgassay::test
