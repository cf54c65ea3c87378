// `pgassay stack switch` on a real engine: two small stacks, PostgreSQL and a writer each. A writer inserts
// rows all the time and logs each that was acknowledged; whatever happens, afterwards every acknowledged row
// is in the database of the stack that runs.
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <thread>

#include "core/system/split.h"
#include "core/system/subprocess.h"
#include "stack/switch_journal.h"
#include "tests/fixtures/child.h"
#include "tests/fixtures/run_pgassay.h"
#include "tests/fixtures/temporary_dir.h"

namespace pgassay::test {
namespace {

using namespace std::chrono_literals;
using Words = std::vector<std::string>;

/// NAME is the stack's, DIR the test's.
constexpr char kStack[] = R"(version: "2.4"
services:
  db:
    image: postgres:15
    restart: unless-stopped
    command: postgres -c fsync=off
    environment:
      POSTGRES_USER: app
      POSTGRES_DB: app
      POSTGRES_PASSWORD: ${POSTGRES_PASSWORD}
      POSTGRES_INITDB_ARGS: --no-sync
    volumes: ["data:/var/lib/postgresql/data", "run:/var/run/postgresql"]
    healthcheck: {test: ["CMD", "pg_isready", "-h", "127.0.0.1", "-U", "app"], interval: 1s, timeout: 5s, retries: 60}
  writer:
    image: postgres:15
    restart: on-failure:7
    stop_signal: SIGKILL
    depends_on: {db: {condition: service_healthy}}
    volumes: ["run:/var/run/postgresql", "DIR/acked-NAME:/acked"]
    command: ["sh", "-c", "while :; do id=$$(psql -qAtX -U app -c 'INSERT INTO t (stack) VALUES (current_user) RETURNING id' app) && echo $$id >> /acked/log; sleep 0.05; done"]
    healthcheck: {test: ["CMD", "test", "-s", "/acked/log"], interval: 1s, timeout: 5s, retries: 60}
volumes: {data: {}, run: {}}
)";

constexpr char kConfig[] = R"(repository = "repo"
[source.app]
compose_project = "MARK-old"
service = "db"
[stack.old]
project = "MARK-old"
compose_files = ["old.yml"]
env_file = "old.env"
database_service = "db"
writers = ["writer"]
[stack.new]
project = "MARK-new"
compose_files = ["new.yml"]
env_file = "new.env"
database_service = "db"
writers = ["writer"]
[switch.app]
from = "old"
to = "new"
source = "app"
health_timeout = "60s"
)";

/// Stands before docker, docker-compose and pg_restore in PATH: files beside it say at which call it fails,
/// or kills its parent.
constexpr char kWrapper[] = R"(#!/bin/sh
dir=${0%/*} name=${0##*/}
check() { [ -e "$dir/$1" ] || return 1; pattern=$(cat "$dir/$1"); case "$call" in $pattern) return 0 ;; esac; return 1; }
call="$name $*"
if check kill-before; then rm "$dir/kill-before"; kill -9 $PPID; exit 1; fi
if check fail; then echo "made to fail" >&2; exit 1; fi
PATH=REST "$name" "$@"
status=$?
if check kill-after; then rm "$dir/kill-after"; kill -9 $PPID; fi
exit $status
)";

Completed call(const Words& argv) {
  return run({.argv = argv, .env = {}, .input = {}}, {});
}

std::string docker(Words arguments) {
  arguments.insert(arguments.begin(), "docker");
  const Completed done = call(arguments);
  if (!done.ok()) throw std::runtime_error(done.complaint());
  return done.out;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines = split(text, '\n');
  std::erase(lines, "");
  return lines;
}

void expect_words(const std::string& text, const Words& words) {
  for (const std::string& word : words)
    EXPECT_NE(text.find(word), std::string::npos) << word << " in " << text;
}

class StackSwitch : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* stack : {"old", "new"}) {
      std::filesystem::create_directory(dir() / (std::string("acked-") + stack));
      set_mode(dir() / (std::string("acked-") + stack), 0777);
      write(std::string(stack) + ".yml", kStack);
      change(std::string(stack) + ".yml", "NAME", stack);
      change(std::string(stack) + ".yml", "DIR", dir().string());
      write(std::string(stack) + ".env", std::string("POSTGRES_PASSWORD=hunter2-of-the-") + stack + "\n");
    }
    write("pgassay.toml", kConfig);
    change("pgassay.toml", "MARK", mark_);
    const std::string path = std::getenv("PATH"),
                      server = "/usr/lib/postgresql/" + list_names("/usr/lib/postgresql").back() + "/bin";
    make_private_dirs(dir() / "bin");
    for (const char* program : {"docker", "docker-compose", "pg_restore"}) {
      const std::string file = std::string("bin/") + program;
      write(file, kWrapper);
      change(file, "REST", server + ":" + path);
      set_mode(dir() / file, 0755);
    }
    environment_ = {{"PGASSAY_CONFIG", (dir() / "pgassay.toml").string()},
                    {"PATH", (dir() / "bin").string() + ":" + path}};
    set_mode(dir(), 0755);
    compose("old", {"up", "-d", "db"});
    wait_for([&] {
      return call({"docker", "exec", container("old", "db"), "psql", "-h", "127.0.0.1", "-qX", "-c",
                   "SELECT 1", "postgresql://app:hunter2-of-the-old@127.0.0.1/app"})
          .ok();
    });
    sql("old",
        "CREATE TABLE t (id bigserial PRIMARY KEY, stack text); CREATE ROLE reader PASSWORD 'x';"
        "GRANT SELECT ON t TO reader; CREATE VIEW v AS SELECT count(*) FROM t");
    compose("old", {"up", "-d"});
    wait_for([&] { return acked("old").size() > 3; });
    before_ = looks("old");
  }
  void TearDown() override {
    for (const char* stack : {"old", "new"}) remove_containers(stack);
    for (const char* stack : {"old", "new"}) remove(stack);
  }

  const Path& dir() const { return dir_.path(); }
  void write(const std::string& name, const std::string& text) const { replace_file(dir() / name, text); }
  void change(const std::string& name, const std::string& from, const std::string& to) const {
    std::string text = read_file(dir() / name);
    std::size_t at = text.find(from);
    if (at == std::string::npos) throw std::runtime_error("not in " + name + ": " + from);
    for (; at != std::string::npos; at = text.find(from, at + to.size())) text.replace(at, from.size(), to);
    replace_file(dir() / name, text);
  }
  std::string project(const std::string& stack) const { return mark_ + "-" + stack; }
  std::string label(const std::string& stack) const {
    return "label=com.docker.compose.project=" + project(stack);
  }
  void compose(const std::string& stack, const Words& words) const {
    Words argv = {"docker-compose"};
    if (call({"docker", "compose", "version"}).ok()) argv = {"docker", "compose"};
    const std::string path = (dir() / stack).string();
    argv.insert(argv.end(), {"-p", project(stack), "--env-file", path + ".env", "-f", path + ".yml"});
    argv.insert(argv.end(), words.begin(), words.end());
    const Completed done = call(argv);
    if (!done.ok()) throw std::runtime_error(done.err);
  }
  void remove_containers(const std::string& stack) const {
    for (const std::string& id : lines_of(docker({"ps", "-aq", "--filter", label(stack)})))
      docker({"rm", "-fv", id});  // with the anonymous volume that the image asks for
  }
  /// With its volumes and networks.
  void remove(const std::string& stack) const {
    remove_containers(stack);
    for (const std::string& id : lines_of(docker({"volume", "ls", "-q", "--filter", label(stack)})))
      docker({"volume", "rm", id});
    for (const std::string& id : lines_of(docker({"network", "ls", "-q", "--filter", label(stack)})))
      docker({"network", "rm", id});
  }
  template <typename Condition>
  void wait_for(Condition condition, std::chrono::seconds patience = 40s) const {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end) throw std::runtime_error("waited in vain");
      std::this_thread::sleep_for(100ms);
    }
  }
  std::string container(const std::string& stack, const std::string& service) const {
    const auto ids = lines_of(docker(
        {"ps", "-aq", "--filter", label(stack), "--filter", "label=com.docker.compose.service=" + service}));
    return ids.size() == 1 ? ids[0] : "";
  }
  std::string sql(const std::string& stack, const std::string& statement) const {
    return docker({"exec", container(stack, "db"), "psql", "-qAtX", "-v", "ON_ERROR_STOP=1", "-U", "app",
                   "-c", statement, "app"});
  }
  std::set<std::string> acked(const std::string& stack) const {
    const Path file = dir() / ("acked-" + stack) / "log";
    if (!exists(status_of(file))) return {};
    std::string text = read_file(file);
    text.resize(text.rfind('\n') == std::string::npos ? 0 : text.rfind('\n'));  // one may be being written
    const auto lines = lines_of(text);
    return {lines.begin(), lines.end()};
  }
  /// Id, restart policy and whether it runs, of each container of a stack.
  std::set<std::string> looks(const std::string& stack) const {
    Words inspect = {"inspect", "-f",
                     "{{.Id}} {{.State.Running}} {{.HostConfig.RestartPolicy.Name}} "
                     "{{.HostConfig.RestartPolicy.MaximumRetryCount}}"};
    const auto ids = lines_of(docker({"ps", "-aq", "--filter", label(stack)}));
    if (ids.empty()) return {};
    inspect.insert(inspect.end(), ids.begin(), ids.end());
    const auto lines = lines_of(docker(inspect));
    return {lines.begin(), lines.end()};
  }
  Words running(const std::string& stack) const {
    return lines_of(docker({"ps", "-q", "--filter", label(stack)}));
  }
  Ran stack(const Words& words) const {
    Words all = {"stack"};
    all.insert(all.end(), words.begin(), words.end());
    return pgassay(all, environment_);
  }
  Ran do_switch(const Words& more = {"--no-drill"}) const {
    Words all = {"switch", "app", "--yes"};
    all.insert(all.end(), more.begin(), more.end());
    return stack(all);
  }
  std::string standing() const {
    const Ran ran = stack({"status", "app", "--json"});
    return nlohmann::json::parse(ran.out)["switches"][0]["standing"];
  }
  void expect_every_acknowledged_row_in(const std::string& where) const {
    std::set<std::string> missing = acked("old");
    EXPECT_FALSE(missing.empty());
    for (const std::string& id : lines_of(sql(where, "SELECT id FROM t"))) missing.erase(id);
    EXPECT_EQ(missing.size(), 0u) << ::testing::PrintToString(missing);
  }
  void expect_old_runs_as_before() const {
    EXPECT_EQ(looks("old"), before_);
    EXPECT_TRUE(running("new").empty());
    const std::size_t then = acked("old").size();
    EXPECT_NO_THROW(wait_for([&] { return acked("old").size() > then; })) << "nothing is written";
    expect_every_acknowledged_row_in("old");
  }
  void expect_new_runs() const {
    EXPECT_TRUE(running("old").empty());
    EXPECT_EQ(running("new").size(), 2u);
    for (const std::string& look : looks("old"))
      EXPECT_NE(look.find(" false no 0"), std::string::npos) << look;
    const std::size_t then = acked("new").size();
    EXPECT_NO_THROW(wait_for([&] { return acked("new").size() > then; })) << "nothing is written";
    expect_every_acknowledged_row_in("new");
  }
  /// As an operator would who wants to begin anew.
  void forget_new() const {
    remove("new");
    std::filesystem::remove(dir() / "acked-new" / "log");
  }

  /// Where pgassay is killed, and what follows.
  struct Kill {
    const char *file, *pattern, *standing;
    bool resume;
  };
  void expect_a_way_from(const std::vector<Kill>& kills) {
    for (const Kill& kill : kills) {
      SCOPED_TRACE(std::string(kill.file) + " " + kill.pattern + (kill.resume ? ", resumed" : ""));
      write(std::string("bin/") + kill.file, kill.pattern);
      const Ran killed = do_switch();
      ASSERT_EQ(killed.status, 137) << killed.err;
      EXPECT_EQ(standing(), kill.standing);
      EXPECT_EQ(stack({"status"}).status, 6);
      if (&kill == &kills[0]) {
        EXPECT_EQ(do_switch().status, 6) << "a second one begins";
      }
      if (kill.resume) {
        const Ran resumed = stack({"switch", "app", "--resume"});
        ASSERT_EQ(resumed.status, 0) << resumed.err;
        expect_new_runs();
        EXPECT_EQ(stack({"switch", "app", "--resume"}).status, 6);
      }
      const Ran back = stack({"rollback", "app"});
      ASSERT_EQ(back.status, 0) << back.err;
      expect_old_runs_as_before();
      EXPECT_EQ(standing(), "rolled back");
      forget_new();
    }
  }

  TemporaryDir dir_;
  std::string mark_ = "pgassaytest" + std::to_string(::getpid());
  std::map<std::string, std::string> environment_;
  std::set<std::string> before_;
};

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
  // Its own password stands.
  EXPECT_TRUE(call({"docker", "exec", container("new", "db"), "psql", "-qX", "-c", "SELECT 1",
                    "postgresql://app:hunter2-of-the-new@127.0.0.1/app"})
                  .ok());
  EXPECT_EQ(sql("new", "SELECT has_table_privilege('reader', 't', 'SELECT')"), "t\n");

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
  EXPECT_EQ("app/app/" + newest["id"].get<std::string>(), rollback["backup"]);
  EXPECT_EQ(newest["rows"], saved);
  EXPECT_TRUE(newest["pinned"]);
  EXPECT_EQ(newest["verified"]["verdict"], "PASS");
  EXPECT_EQ(stack({"rollback", "app"}).status, 0);  // once is enough
  EXPECT_EQ(stack({"forget", "app"}).status, 6);
  expect_old_runs_as_before();
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

TEST_F(StackSwitch, RollsBackByItselfBeforeThePointOfNoReturn) {
  change("pgassay.toml", "60s", "6s");
  {
    SCOPED_TRACE("the new database is never healthy");
    change("new.yml", "\"-U\", \"app\"]", "\"-U\", \"app\", \"-p\", \"1\"]");
    const Ran ran = do_switch();
    EXPECT_EQ(ran.status, 1) << ran.err;
    expect_words(ran.err, {"not well after 6 s", "rolled back: the old stack runs as before"});
    EXPECT_EQ(standing(), "rolled back");
    expect_old_runs_as_before();
    change("new.yml", "\"-U\", \"app\", \"-p\", \"1\"]", "\"-U\", \"app\"]");
    forget_new();
  }
  {
    SCOPED_TRACE("the restore is refused");
    write("init.sql", "CREATE TABLE in_the_way (i int);\n");
    set_mode(dir() / "init.sql", 0644);
    change("new.yml", "\"data:/var",
           "\"" + (dir() / "init.sql").string() + ":/docker-entrypoint-initdb.d/init.sql:ro\", \"data:/var");
    const Ran ran = do_switch();
    EXPECT_EQ(ran.status, 6) << ran.err;
    expect_words(ran.err, {"in_the_way", "rolled back: the old stack runs as before"});
    expect_old_runs_as_before();
    change("new.yml", "\"" + (dir() / "init.sql").string() + ":/docker-entrypoint-initdb.d/init.sql:ro\", ",
           "");
    forget_new();
  }
  {
    SCOPED_TRACE("the old database does not stop");
    write("bin/fail", "docker stop -t *");
    const Ran ran = do_switch();
    EXPECT_EQ(ran.status, 1) << ran.err;
    // Nor does the new one: the old stack runs, but the rollback is not done, and says so.
    expect_words(ran.err,
                 {"made to fail", "the rollback did not come to its end", "pgassay stack rollback app"});
    EXPECT_EQ(standing(), "rollback interrupted");
    std::filesystem::remove(dir() / "bin/fail");
    EXPECT_EQ(stack({"rollback", "app"}).status, 0);
    expect_old_runs_as_before();
    forget_new();
  }
  {
    SCOPED_TRACE("interrupted");
    Child child({PGASSAY_BINARY, "stack", "switch", "app", "--yes", "--no-drill"}, environment_);
    wait_for([&] { return !looks("new").empty(); });
    child.signal(SIGINT);
    const Ended ended = child.wait();
    EXPECT_EQ(ended.status, 130) << ended.err;
    expect_words(ended.err, {"rolled back: the old stack runs as before", "interrupted by SIGINT"});
    expect_old_runs_as_before();
  }
}

TEST_F(StackSwitch, IsRefusedWhileAnotherRunsOrSomebodyElseIsConnected) {
  {
    const Repository repository = Repository::open_or_create(dir() / "repo");
    const SwitchLock lock(repository);
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

TEST_F(StackSwitch, GoesBackWhenSomebodyWroteSinceTheFinalBackup) {
  write("bin/kill-before", "pg_restore *post-data*");
  ASSERT_EQ(do_switch().status, 137);
  sql("old", "INSERT INTO t (id, stack) VALUES (-1, 'somebody')");
  const Ran resumed = stack({"switch", "app", "--resume"});
  EXPECT_EQ(resumed.status, 6) << resumed.err;
  expect_words(resumed.err, {"somebody wrote to the old database since the final backup: ", "rolled back"});
  expect_old_runs_as_before();
  EXPECT_EQ(sql("old", "SELECT stack FROM t WHERE id = -1"), "somebody\n");
}

constexpr char kBefore[] = "interrupted before the point of no return",
               kAfter[] = "interrupted after the point of no return";

TEST_F(StackSwitch, KilledAtAnyStepGoesOnOrBack) {
  expect_a_way_from({{"kill-after", "docker stop *", kBefore, false},
                     {"kill-after", "pg_restore *post-data*", kBefore, true},
                     {"kill-after", "docker stop -t *", kBefore, true},
                     {"kill-after", "* up -d", kAfter, false}});
}

class StackSwitchLong : public StackSwitch {};

TEST_F(StackSwitchLong, KilledAtAnyStepGoesOnOrBack) {
  std::vector<Kill> kills;
  for (const bool resume : {false, true})
    for (const char* file : {"kill-before", "kill-after"}) {
      for (const char* call : {"docker update --restart=no *", "docker stop *", "* up -d --no-deps db",
                               "pg_restore *post-data*", "docker stop -t *"})
        kills.push_back({file, call, kBefore, resume});
      kills.push_back({file, "* up -d", kAfter, resume});
    }
  expect_a_way_from(kills);
}

TEST_F(StackSwitch, ThatFailsAfterThePointOfNoReturnLosesNothing) {
  change("pgassay.toml", "60s", "6s");
  {
    SCOPED_TRACE("nothing was written");
    const std::string kept = read_file(dir() / "new.yml");
    change("new.yml", "INSERT INTO t (stack) VALUES (current_user) RETURNING id", "SELECT 1/0");
    const Ran ran = do_switch();
    EXPECT_EQ(ran.status, 1) << ran.err;
    expect_words(ran.err, {"not well after 6 s", "rolled back: the old stack runs as before"});
    expect_old_runs_as_before();
    write("new.yml", kept);
    forget_new();
  }
  change("new.yml", "\"-s\", \"/acked/log\"", "\"-s\", \"/acked/mended\"");
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
  change("pgassay.toml", "60s", "30s");
  change("new.yml", "volumes: {data: {},",
         "volumes: {data: {external: true, name: " + project("old") + "_data},");
  const Ran refused = do_switch();
  EXPECT_EQ(refused.status, 6);
  expect_words(refused.err, {"both stacks keep their database in", "--keep-data"});
  EXPECT_EQ(looks("old"), before_);
  // The server keeps the passwords that it has.
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
