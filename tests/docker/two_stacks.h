// Two small stacks, PostgreSQL and a writer each, on a real engine, and a switch between them. A writer
// inserts rows all the time and logs each that was acknowledged.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "tests/docker/docker_calls.h"
#include "tests/fixtures/host_postgres.h"
#include "tests/fixtures/replace_in_file.h"
#include "tests/fixtures/run_pgassay.h"
#include "tests/fixtures/temporary_dir.h"

namespace pgassay::test {

using namespace std::chrono_literals;

/// NAME is the stack's, DIR the test's, IMAGE host_image().
inline constexpr char kStack[] = R"(version: "2.4"
services:
  db:
    image: IMAGE
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
    image: IMAGE
    restart: on-failure:7
    stop_signal: SIGKILL
    depends_on: {db: {condition: service_healthy}}
    volumes: ["run:/var/run/postgresql", "DIR/acked-NAME:/acked"]
    command: ["sh", "-c", "while :; do id=$$(psql -qAtX -U app -c 'INSERT INTO t (stack) VALUES (current_user) RETURNING id' app) && echo $$id >> /acked/log; sleep 0.05; done"]
    healthcheck: {test: ["CMD", "test", "-s", "/acked/log"], interval: 1s, timeout: 5s, retries: 60}
volumes: {data: {}, run: {}}
)";

inline constexpr char kConfig[] = R"(repository = "repo"
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
health_timeout = "600s"
)";

/// Stands before docker, docker-compose and pg_restore in PATH: files beside it say at which call it fails,
/// or kills its parent.
inline constexpr char kWrapper[] = R"(#!/bin/sh
dir=${0%/*} name=${0##*/}
check() { [ -e "$dir/$1" ] || return 1; pattern=$(cat "$dir/$1"); case "$call" in $pattern) return 0 ;; esac; return 1; }
call="$name $*"
if check kill-before; then rm "$dir/kill-before"; kill -9 $PPID; exit 1; fi
if check fail || check fail-too; then echo "made to fail" >&2; exit 1; fi
PATH=REST "$name" "$@"
status=$?
if check kill-after; then rm "$dir/kill-after"; kill -9 $PPID; fi
exit $status
)";

/// What `stack status` says after a kill.
inline constexpr char kBefore[] = "interrupted before the point of no return",
                      kAfter[] = "interrupted after the point of no return";

/// The old stack runs, the new one is ready to be switched to; both by compose v2, or by docker-compose 1.29.
class TwoStacks : public ::testing::Test {
 protected:
  enum class ComposeVersion { v1, v2 };
  explicit TwoStacks(ComposeVersion version = ComposeVersion::v2) : version_(version) {}

  void SetUp() override {
    for (const char* stack : {"old", "new"}) {
      std::filesystem::create_directory(dir() / (std::string("acked-") + stack));
      set_mode(dir() / (std::string("acked-") + stack), 0777);
      write(std::string(stack) + ".yml", kStack);
      change(std::string(stack) + ".yml", "NAME", stack);
      change(std::string(stack) + ".yml", "DIR", dir().string());
      change(std::string(stack) + ".yml", "IMAGE", host_image());
      write(std::string(stack) + ".env", std::string("POSTGRES_PASSWORD=hunter2-of-the-") + stack + "\n");
    }
    write("pgassay.toml", kConfig);
    change("pgassay.toml", "MARK", mark_);
    const std::string path = std::getenv("PATH"), server = host_bin_dir();
    make_private_dirs(dir() / "bin");
    for (const char* program : {"docker", "docker-compose", "pg_restore"}) {
      const std::string file = std::string("bin/") + program;
      write(file, kWrapper);
      change(file, "REST", server + ":" + path);
      set_mode(dir() / file, 0755);
    }
    environment_ = {{"PGASSAY_CONFIG", (dir() / "pgassay.toml").string()},
                    {"PATH", (dir() / "bin").string() + ":" + path}};
    // v2 is a plugin below it (compose_v2.sh).
    if (version_ == ComposeVersion::v1) environment_["DOCKER_CONFIG"] = (dir() / "no plugin").string();
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
    replace_in_file(dir() / name, from, to);
  }
  std::string project(const std::string& stack) const { return mark_ + "-" + stack; }
  std::string label(const std::string& stack) const {
    return "label=com.docker.compose.project=" + project(stack);
  }
  void compose(const std::string& stack, const Words& words) const {
    Words argv = version_ == ComposeVersion::v1 ? Words{"docker-compose"} : Words{"docker", "compose"};
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
  void wait_for(Condition condition, std::chrono::seconds patience = 300s) const {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end) throw std::runtime_error("waited in vain");
      std::this_thread::sleep_for(300ms);  // each look is a process or two
    }
  }
  std::string container(const std::string& stack, const std::string& service) const {
    const auto ids = lines_of(docker(
        {"ps", "-aq", "--filter", label(stack), "--filter", "label=com.docker.compose.service=" + service}));
    return ids.size() == 1 ? ids[0] : "";
  }
  /// The call that stops this one of the old stack: the new database is stopped once before, after its trial.
  std::string stop_of_old(const std::string& service) const {
    return "docker stop *" + container("old", service) + "*";
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
    const char* file;
    std::string pattern;
    const char* standing;
    bool resume;
  };
  /// And what else happens at that moment.
  virtual void after_kill() {}
  void expect_a_way_from(const std::vector<Kill>& kills) {
    for (const Kill& kill : kills) {
      SCOPED_TRACE(kill.file + (" " + kill.pattern) + (kill.resume ? ", resumed" : ""));
      write(std::string("bin/") + kill.file, kill.pattern);
      const Ran killed = do_switch();
      ASSERT_EQ(killed.status, 137) << killed.err;
      after_kill();
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

  const ComposeVersion version_;
  TemporaryDir dir_;
  std::string mark_ = "pgassaytest" + std::to_string(::getpid());
  std::map<std::string, std::string> environment_;
  std::set<std::string> before_;
};

}  // namespace pgassay::test
