// `pgassay stack switch` on a real engine: whatever happens, afterwards every acknowledged row is in the
// database of the stack that runs.
#include <csignal>

#include "stack/switch/journal.h"
#include "tests/docker/two_stacks.h"
#include "tests/fixtures/child.h"

namespace pgassay::test {
namespace {

// Several suites, so that they can run beside each other.
class StackSwitch : public TwoStacks {};
class StackSwitchWriters : public TwoStacks {};
class StackSwitchRollback : public TwoStacks {};
class StackSwitchKills : public TwoStacks {};

TEST_F(StackSwitch, LosesNoAcknowledgedRowOnTheWayThereAndBack) {
  const Ran plan = stack({"switch", "app", "--dry-run"});
  EXPECT_EQ(plan.status, 0) << plan.err;
  expect_words(plan.out, {"docker stop " + container("old", "writer"), "up -d --no-deps db",
                          "POINT OF NO RETURN", "nothing was touched"});
  EXPECT_EQ(looks("old"), before_);
  EXPECT_TRUE(looks("new").empty());
  EXPECT_FALSE(exists(status_of(dir() / "repo")));
  EXPECT_EQ(stack({"switch", "app"}).status, 2);  // nobody to ask

  const Ran there = do_switch({});
  ASSERT_EQ(there.status, 0) << there.err;
  expect_words(there.out, {"switched app: down-time ", "stack rollback app"});
  expect_words(there.err, {"verified and drilled", "every one proved"});
  expect_new_runs();
  EXPECT_EQ(standing(), "switched");
  const std::string config = (dir() / "pgassay.toml").string();
  expect_words(stack({"status", "app", "--config", config}).out,
               {"next: pgassay stack rollback --config " + config + " app"});
  // Its own password stands.
  EXPECT_TRUE(call({"docker", "exec", container("new", "db"), "psql", "-qX", "-c", "SELECT 1",
                    "postgresql://app:hunter2-of-the-new@127.0.0.1/app"})
                  .ok());
  EXPECT_EQ(sql("new", "SELECT has_table_privilege('reader', 't', 'SELECT')"), "t\n");
  // The source still names the old stack's container, which nobody is to start.
  const Ran old = pgassay({"backup", "app"}, environment_);
  EXPECT_EQ(old.status, 1) << old.err;
  EXPECT_EQ(old.err.find("docker start"), std::string::npos) << old.err;
  expect_words(old.err, {"the switch of app has stopped it for good", project("new")});

  {
    // What can't be saved is not given up: the new stack runs on.
    const RunLock busy = Repository::open(dir() / "repo").lock_database("app", "app", "a test");
    const Ran refused = stack({"rollback", "app"});
    EXPECT_EQ(refused.status, 5) << refused.err;
    expect_words(refused.err, {"so nothing was rolled back", "--without-new-data"});
  }
  EXPECT_EQ(standing(), "switched");
  expect_new_runs();
  for (const std::string& look : looks("new")) EXPECT_EQ(look.find(" no 0"), std::string::npos) << look;

  std::filesystem::remove(dir() / "old.yml");
  std::filesystem::remove(dir() / "new.yml");
  const Ran back = stack({"rollback", "app", "--json"});
  ASSERT_EQ(back.status, 0) << back.out;
  const nlohmann::json rollback = nlohmann::json::parse(back.out)["rollback"];
  ASSERT_EQ(rollback["left_behind"].size(), 1u) << rollback;
  EXPECT_EQ(rollback["left_behind"][0]["name"], "t");
  const auto saved = rollback["left_behind"][0]["rows"].get<std::uint64_t>();
  EXPECT_GT(saved, rollback["left_behind"][0]["rows_in_old_database"].get<std::uint64_t>());
  expect_old_runs_as_before();
  const Ran list = pgassay({"list", "--json"}, environment_);
  const nlohmann::json newest = nlohmann::json::parse(list.out)["backups"].back();
  EXPECT_EQ("app/app/" + newest["id"].get<std::string>(), rollback["backup"].get<std::string>());
  EXPECT_EQ(newest["rows"], saved);
  EXPECT_TRUE(newest["pinned"]);
  EXPECT_EQ(newest["verified"]["verdict"], "PASS");
  EXPECT_EQ(stack({"rollback", "app"}).status, 0);  // once is enough
  EXPECT_EQ(stack({"forget", "app"}).status, 6);
  expect_old_runs_as_before();
  // The last backup is of the new stack's server, which took this one's place and gave it back.
  const Ran next = pgassay({"backup", "app"}, environment_);
  EXPECT_EQ(next.status, 0) << next.err;
  EXPECT_EQ(next.err.find("another server"), std::string::npos) << next.err;
}

TEST_F(StackSwitch, GoesIntoAVolumeThatHoldsADatabaseOnlyWhenToldSo) {
  compose("new", {"up", "-d", "db"});
  wait_for([&] {
    return call({"docker", "exec", container("new", "db"), "pg_isready", "-h", "127.0.0.1"}).ok();
  });
  sql("new", "CREATE TABLE precious (i int)");
  const Ran runs = do_switch();
  EXPECT_EQ(runs.status, 6);
  expect_words(runs.err, {"the stack new runs already"});
  compose("new", {"stop"});
  const Ran refused = do_switch();
  EXPECT_EQ(refused.status, 6) << refused.err;
  expect_words(refused.err, {"holds a database of PostgreSQL", "--data-from-backup"});
  EXPECT_EQ(looks("old"), before_);

  const Ran there = do_switch({"--no-drill", "--data-from-backup"});
  ASSERT_EQ(there.status, 0) << there.err;
  expect_new_runs();
  const std::string set_aside =
      lines_of(sql("new", "SELECT datname FROM pg_database WHERE datname LIKE 'app\\_before\\_%'")).at(0);
  EXPECT_NE(docker({"exec", container("new", "db"), "psql", "-X", "-U", "app", "-c", "\\d", set_aside})
                .find("precious"),
            std::string::npos);

  const Ran forget = stack({"forget", "app"});
  EXPECT_EQ(forget.status, 0) << forget.err;
  EXPECT_TRUE(looks("old").empty());
  EXPECT_EQ(lines_of(docker({"volume", "ls", "-q", "--filter", label("old")})).size(), 2u);
  EXPECT_EQ(stack({"rollback", "app"}).status, 6);
}

TEST_F(StackSwitchRollback, RollsBackByItselfBeforeThePointOfNoReturn) {
  {
    SCOPED_TRACE("compose fails");
    write("bin/fail", "* up -d --no-deps db");
    const Ran ran = do_switch();
    EXPECT_EQ(ran.status, 1) << ran.err;
    expect_words(ran.err, {"made to fail", "rolled back: the old stack runs as before"});
    EXPECT_EQ(standing(), "rolled back");
    std::filesystem::remove(dir() / "bin/fail");
    expect_old_runs_as_before();
  }
  // The volume in which the new database was tried is no obstacle.
  {
    SCOPED_TRACE("the old database does not stop");
    write("bin/fail", stop_of_old("db"));
    write("bin/fail-too", "docker stop -t 20 *");
    const Ran ran = do_switch();
    EXPECT_EQ(ran.status, 1) << ran.err;
    // Nor does the new one: the old stack runs, but the rollback is not done, and says so.
    expect_words(ran.err,
                 {"made to fail", "the rollback did not come to its end", "pgassay stack rollback app"});
    EXPECT_EQ(standing(), "rollback interrupted");
    std::filesystem::remove(dir() / "bin/fail");
    std::filesystem::remove(dir() / "bin/fail-too");
    EXPECT_EQ(stack({"rollback", "app"}).status, 0);
    expect_old_runs_as_before();
    forget_new();
  }
  {
    SCOPED_TRACE("interrupted");
    Child child({PGASSAY_BINARY, "stack", "switch", "app", "--yes", "--no-drill"}, environment_);
    wait_for([&] { return running("old").size() == 1; });
    child.signal(SIGINT);
    const Ended ended = child.wait();
    EXPECT_EQ(ended.status, 130) << ended.err;
    expect_words(ended.err, {"rolled back: the old stack runs as before", "interrupted by SIGINT"});
    expect_old_runs_as_before();
  }
}

TEST_F(StackSwitchWriters, IsRefusedWhileAnotherRunsOrSomebodyElseIsConnected) {
  {
    const Repository repository = Repository::open_or_create(dir() / "repo");
    const stack::SwitchLock lock(repository);
    EXPECT_EQ(do_switch().status, 5);
    EXPECT_EQ(stack({"switch", "app", "--resume"}).status, 5);
    EXPECT_EQ(stack({"rollback", "app"}).status, 5);
    EXPECT_EQ(looks("old"), before_);
  }
  docker({"exec", "-d", container("old", "db"), "psql", "-U", "app", "-c", "SELECT pg_sleep(600)", "app"});
  const Ran ran = do_switch();
  EXPECT_EQ(ran.status, 6) << ran.err;
  expect_words(ran.err, {"somebody is still connected to the database app: app (psql", "rolled back"});
  expect_old_runs_as_before();
}

TEST_F(StackSwitchWriters, IsRefusedWhileAContainerRunsThatComposeDoesNotTellOf) {
  change("old.yml", "volumes: {data: {},",
         "  importer: {image: " + host_image() +
             ", profiles: [night], command: sleep 3600}\nvolumes: {data: {},");
  compose("old", {"--profile", "night", "up", "-d", "importer"});
  before_ = looks("old");
  const Ran refused = do_switch();
  EXPECT_EQ(refused.status, 6);
  expect_words(refused.err, {"importer", "what it writes after the final backup would be lost",
                             "its service importer in bystanders"});
  EXPECT_EQ(looks("old"), before_);
  change("pgassay.toml", "writers = [\"writer\"]\n[stack.new]",
         "writers = [\"writer\"]\nbystanders = [\"importer\"]\n[stack.new]");
  const Ran there = do_switch();
  EXPECT_EQ(there.status, 0) << there.err;
  EXPECT_EQ(lines_of(docker({"ps", "-q", "--filter", label("old")})).size(), 1u);  // the bystander
}

/// A service that is not among the writers: quiet until it is told to stop.
TEST_F(StackSwitchWriters, LosesNoRowThatIsWrittenInTheLastSecond) {
  change("old.yml", "volumes: {data: {},",
         "  quiet:\n    image: " + host_image() + "\n    volumes: [\"run:/var/run/postgresql\", \"" +
             dir().string() +
             "/acked-old:/acked\"]\n    command: [\"sh\", \"-c\", \"trap 'psql -qAtX -U app -c \\\"INSERT "
             "INTO t (id, stack) "
             "VALUES (-7, current_user)\\\" app && echo -7 >> /acked/log; exit' TERM; while :; do sleep 0.1; "
             "done\"]\n"
             "volumes: {data: {},");
  compose("old", {"up", "-d", "quiet"});
  const Ran ran = do_switch();
  EXPECT_EQ(ran.status, 6) << ran.err;
  expect_words(ran.err, {"somebody wrote to the old database since the final backup",
                         "writers of [stack.old]", "rolled back"});
  EXPECT_TRUE(acked("old").contains("-7"));
  expect_every_acknowledged_row_in("old");
}

TEST_F(StackSwitchWriters, GoesBackWhenSomebodyWroteSinceTheFinalBackup) {
  write("bin/kill-before", "pg_restore *post-data*");
  ASSERT_EQ(do_switch().status, 137);
  sql("old", "INSERT INTO t (id, stack) VALUES (-1, 'somebody')");
  const Ran resumed = stack({"switch", "app", "--resume"});
  EXPECT_EQ(resumed.status, 6) << resumed.err;
  expect_words(resumed.err, {"somebody wrote to the old database since the final backup: ", "rolled back"});
  expect_old_runs_as_before();
  EXPECT_EQ(sql("old", "SELECT stack FROM t WHERE id = -1"), "somebody\n");
}

/// The restore's own record of what it did is gone when it has ended; the journal says so a moment later.
TEST_F(StackSwitch, GoesOnAfterARestoreOfWhoseEndTheJournalDoesNotKnow) {
  write("bin/kill-before", stop_of_old("db"));
  ASSERT_EQ(do_switch().status, 137);
  const Path journals = dir() / "repo/.switch/app";
  const Path journal = journals / list_names(journals).at(0);
  std::string text = read_file(journal);
  text.resize(text.rfind('\n', text.find("\"restored\"")) + 1);
  replace_file(journal, text);
  const Ran resumed = stack({"switch", "app", "--resume"});
  ASSERT_EQ(resumed.status, 0) << resumed.err;
  expect_words(resumed.err, {"every row was proved before the interruption"});
  expect_new_runs();

  const Ran status = stack({"status", "--json"});
  EXPECT_EQ(status.status, 0) << status.err;
  const nlohmann::json document = nlohmann::json::parse(status.out);
  for (const auto& one : document["stacks"]) {
    EXPECT_EQ(one["last_switch"]["name"], "app");
    EXPECT_EQ(one["last_switch"]["standing"], "switched");
    ASSERT_EQ(one["volumes"].size(), 2u) << one;
    EXPECT_GT(one["volumes"][0]["bytes"], 20 << 20) << one;  // a cluster's
  }
}

class StackSwitchByComposeV1 : public TwoStacks {
 protected:
  StackSwitchByComposeV1() : TwoStacks(ComposeVersion::v1) {}
};

TEST_F(StackSwitchByComposeV1, LosesNoAcknowledgedRowOnTheWayThereAndBack) {
  const Ran there = do_switch();
  ASSERT_EQ(there.status, 0) << there.err;
  expect_words(stack({"check", "new"}).out, {"docker-compose 1.29"});
  expect_new_runs();
  const Ran back = stack({"rollback", "app"});
  ASSERT_EQ(back.status, 0) << back.err;
  expect_old_runs_as_before();
}

TEST_F(StackSwitchKills, KilledAtAnyStepGoesOnOrBack) {
  expect_a_way_from(
      {{"kill-after", stop_of_old("db"), kBefore, true}, {"kill-after", "* up -d", kAfter, false}});
}

class StackSwitchLong : public StackSwitch {};

TEST_F(StackSwitchLong, KilledAtAnyStepGoesOnOrBack) {
  std::vector<Kill> kills;
  for (const bool resume : {false, true})
    for (const char* file : {"kill-before", "kill-after"}) {
      for (const std::string& call :
           {"docker update --restart=no " + container("old", "writer") + "*", stop_of_old("writer"),
            std::string("* up -d --no-deps db"), std::string("pg_restore *post-data*"), stop_of_old("db")})
        kills.push_back({file, call, kBefore, resume});
      kills.push_back({file, "* up -d", kAfter, resume});
    }
  expect_a_way_from(kills);
}

TEST_F(StackSwitchLong, KilledWhileItCopiesAVolumeGoesOnOrBack) {
  for (const char* file : {"old.yml", "new.yml"}) {
    change(file, ":/acked\"]", ":/acked\", \"uploads:/uploads\"]");
    change(file, "run: {}}", "run: {}, uploads: {}}");
  }
  write("pgassay.toml", read_file(dir() / "pgassay.toml") + "[switch.app.volumes]\nuploads = \"uploads\"\n");
  compose("old", {"up", "-d"});
  docker({"exec", "-u", "0", container("old", "writer"), "sh", "-c", "echo kept > /uploads/file"});
  before_ = looks("old");
  for (const char* file : {"kill-before", "kill-after"})
    for (const bool resume : {true, false})
      expect_a_way_from({{file, "docker start pgassay-copies-*", kBefore, resume}});

  write("bin/kill-after", "docker start pgassay-copies-*");
  ASSERT_EQ(do_switch().status, 137);
  ASSERT_EQ(stack({"switch", "app", "--resume"}).status, 0);
  EXPECT_EQ(docker({"exec", container("new", "writer"), "cat", "/uploads/file"}), "kept\n");
  EXPECT_EQ(docker({"ps", "-aq", "--filter", "name=pgassay-copies-"}), "");
}

TEST_F(StackSwitchRollback, ThatFailsAfterThePointOfNoReturnLosesNothing) {
  change("new.yml", "restart: on-failure:7", "restart: \"no\"");
  {
    SCOPED_TRACE("nothing was written");
    const std::string kept = read_file(dir() / "new.yml");
    change("new.yml", "\"while :;", "\"exit 1; while :;");
    const Ran ran = do_switch();
    EXPECT_EQ(ran.status, 1) << ran.err;
    expect_words(ran.err, {"ended with 1", "rolled back: the old stack runs as before"});
    expect_old_runs_as_before();
    write("new.yml", kept);
    forget_new();
  }
  change("new.yml", "\"while :;",
         "\"[ -e /acked/mended ] || { psql -X -U app -c 'INSERT INTO t (stack) VALUES (current_user)' app; "
         "exit 1; }; "
         "while :;");
  const Ran ran = do_switch();
  EXPECT_EQ(ran.status, 6) << ran.err;
  expect_words(ran.err, {"is not the final backup any more", "pgassay stack switch app --resume",
                         "pgassay stack rollback app"});
  EXPECT_EQ(standing(), "undecided");
  EXPECT_TRUE(running("old").empty());
  EXPECT_EQ(running("new").size(), 1u);  // the database
  write("acked-new/mended", "yes");
  const Ran resumed = stack({"switch", "app", "--resume"});
  ASSERT_EQ(resumed.status, 0) << resumed.err;
  expect_new_runs();

  docker({"rm", "-f", container("new", "db")});
  const Ran unsaved = stack({"rollback", "app"});
  EXPECT_EQ(unsaved.status, 1) << unsaved.err;
  expect_words(unsaved.err, {"so nothing was rolled back", "--without-new-data"});
  EXPECT_EQ(standing(), "switched");
  EXPECT_TRUE(running("old").empty());
  const Ran back = stack({"rollback", "app", "--without-new-data"});
  EXPECT_EQ(back.status, 0) << back.err;
  expect_old_runs_as_before();
}

TEST_F(StackSwitch, OntoTheSameVolumeTakesTheServerOver) {
  change("new.yml", "volumes: {data: {},",
         "volumes: {data: {external: true, name: " + project("old") + "_data},");
  const Ran refused = do_switch();
  EXPECT_EQ(refused.status, 6);
  expect_words(refused.err, {"both stacks keep their database in", "--keep-data"});
  EXPECT_EQ(looks("old"), before_);
  // The server keeps the passwords that it has.
  const Ran locked_out = do_switch({"--no-drill", "--keep-data"});
  EXPECT_EQ(locked_out.status, 6) << locked_out.err;
  expect_words(locked_out.err, {"POSTGRES_PASSWORD of the service db: app has another password in the old",
                                "nothing of the old stack was touched"});
  EXPECT_EQ(looks("old"), before_);
  write("new.env", "POSTGRES_PASSWORD=hunter2-of-the-old\n");
  const Ran there = do_switch({"--no-drill", "--keep-data"});
  ASSERT_EQ(there.status, 0) << there.err;
  expect_new_runs();
  const Ran back = stack({"rollback", "app"});
  ASSERT_EQ(back.status, 0) << back.err;
  EXPECT_EQ(looks("old"), before_);
  expect_every_acknowledged_row_in("old");
  for (const std::string& id : acked("new"))
    EXPECT_EQ(sql("old", "SELECT count(*) FROM t WHERE id = " + id), "1\n");
}

}  // namespace
}  // namespace pgassay::test
