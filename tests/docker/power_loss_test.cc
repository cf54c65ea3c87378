// A switch of stacks on an engine of its own, from which the power is taken: pgassay, the engine and every
// process in its containers are killed at once, and the engine starts again.
#include <csignal>

#include "tests/docker/two_stacks.h"
#include "tests/fixtures/child.h"

namespace pgassay::test {
namespace {

/// An engine beside that of the other tests, which would not like it.
class MortalEngine {
 public:
  MortalEngine() {
    start();
    if (const char* before = std::getenv("DOCKER_HOST")) before_ = before;
    ::setenv("DOCKER_HOST", ("unix://" + (dir_.path() / "docker.sock").string()).c_str(), 1);
  }
  MortalEngine(const MortalEngine&) = delete;
  ~MortalEngine() {
    script("stop");
    ::setenv("DOCKER_HOST", before_.c_str(), 1);
  }

  void start() const {
    const Completed done = script("start");
    if (!done.ok()) throw std::runtime_error(done.complaint());
  }
  void lose_power() const {
    Words processes =
        lines_of(read_file(dir_.path() / "dockerd.pid"));  // first, or it would start some again
    const Words containers = lines_of(docker({"ps", "-q"}));
    Words inspect = {"inspect", "-f", "{{.State.Pid}}"};
    inspect.insert(inspect.end(), containers.begin(), containers.end());
    const std::string inside = containers.empty() ? "" : docker(inspect);
    for (const std::string& pid : list_names("/proc"))
      if (names_our_directory(pid)) processes.push_back(pid);  // containerd and its shims
    for (const std::string& pid : lines_of(inside)) processes.push_back(pid);
    for (const std::string& pid : processes)
      if (std::stoi(pid) > 1) ::kill(std::stoi(pid), SIGKILL);  // 0: one that has just ended
    // What a host keeps in memory only.
    const Words mounts = lines_of(read_file("/proc/self/mounts"));
    for (auto mount = mounts.rbegin(); mount != mounts.rend(); ++mount)
      if (const std::string path = split(*mount, ' ').at(1); path.starts_with(dir_.path().string() + "/"))
        call({"umount", "-l", path});
    for (const char* file : {"containerd.pid", "containerd.sock"})
      std::filesystem::remove(dir_.path() / "exec/containerd" / file);
  }

 private:
  Completed script(const char* action) const {
    return call({PGASSAY_SOURCE_DIR "/tests/docker/engine.sh", action, dir_.path().string()});
  }
  bool names_our_directory(const std::string& pid) const {
    try {
      return std::isdigit(pid[0]) != 0 &&
             read_file(Path("/proc") / pid / "cmdline").find((dir_.path() / "exec").string()) !=
                 std::string::npos;
    } catch (const Error&) {
      return false;  // it has ended
    }
  }

  TemporaryDir dir_;
  std::string before_;
};

class StackSwitchPowerLong : public TwoStacks {
 protected:
  static void SetUpTestSuite() { engine_ = std::make_unique<MortalEngine>(); }
  static void TearDownTestSuite() { engine_.reset(); }
  void after_kill() override {
    engine_->lose_power();
    engine_->start();
  }
  /// Of the switches, in the order in which they were begun; empty: it has none yet.
  std::string journal(std::size_t number) const {
    const Path journals = dir() / "repo/.switch/app";
    const Words names = exists(status_of(journals)) ? list_names(journals) : Words();
    return number < names.size() ? read_file(journals / names[number]) : "";
  }

  static std::unique_ptr<MortalEngine> engine_;
};
std::unique_ptr<MortalEngine> StackSwitchPowerLong::engine_;

TEST_F(StackSwitchPowerLong, LostAtAnyStepLosesNoRowAndLeavesAWayOnAndBack) {
  std::vector<Kill> kills;
  for (const bool resume : {false, true}) {
    for (const std::string& call :
         {"docker update --restart=no " + container("old", "writer") + "*", stop_of_old("writer"),
          std::string("pg_restore *post-data*"), stop_of_old("db")})
      kills.push_back({"kill-after", call, kBefore, resume});
    kills.push_back({"kill-after", "* up -d", kAfter, resume});
  }
  kills.push_back({"kill-after", "* up -d --no-deps db", kBefore, false});
  expect_a_way_from(kills);
}

/// pgassay sees it go, and can do nothing: it says so.
TEST_F(StackSwitchPowerLong, OfTheEngineAloneIsToldAndLeavesAWayBack) {
  std::size_t journals = 0;
  for (const char* step : {"stop writers", "final backup", "restore", "stop old stack"}) {
    SCOPED_TRACE(step);
    Child child({PGASSAY_BINARY, "stack", "switch", "app", "--yes", "--no-drill"}, environment_);
    wait_for([&] { return journal(journals).find(std::string("\"step\": \"") + step) != std::string::npos; });
    ++journals;
    engine_->lose_power();
    const Ended ended = child.wait();
    EXPECT_NE(ended.status, 0);
    expect_words(ended.err, {"the rollback did not come to its end", "pgassay stack rollback app"});
    engine_->start();
    EXPECT_EQ(stack({"status"}).status, 6);
    const Ran back = stack({"rollback", "app"});
    ASSERT_EQ(back.status, 0) << back.err;
    expect_old_runs_as_before();
    forget_new();
  }
}

}  // namespace
}  // namespace pgassay::test
