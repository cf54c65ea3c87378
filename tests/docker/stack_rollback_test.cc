// `pgassay stack rollback` on a real engine, when the old stack can't start.
#include <netinet/in.h>
#include <sys/socket.h>

#include "tests/docker/two_stacks.h"

namespace pgassay::test {
namespace {

class StackRollback : public TwoStacks {};

/// A process that holds a port of this host.
class Listener {
 public:
  explicit Listener(int port = 0) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    name.sin_port = htons(static_cast<std::uint16_t>(port));
    auto* const generic = reinterpret_cast<sockaddr*>(&name);
    socklen_t size = sizeof name;
    if (::bind(fd_.get(), generic, size) != 0 || ::listen(fd_.get(), 1) != 0 ||
        ::getsockname(fd_.get(), generic, &size) != 0)
      throw_errno("can't listen", "127.0.0.1");
    port_ = ntohs(name.sin_port);
  }
  int port() const { return port_; }

 private:
  Fd fd_;
  int port_ = 0;
};

TEST_F(StackRollback, TouchesNothingWhileTheOldStackCanNotStart) {
  const std::string port = std::to_string(Listener().port());
  change("old.yml", "    depends_on:", "    ports: [\"127.0.0.1:" + port + ":1\"]\n    depends_on:");
  compose("old", {"up", "-d"});
  wait_for([&] { return acked("old").size() > 3; });
  before_ = looks("old");
  const Ran there = do_switch();
  ASSERT_EQ(there.status, 0) << there.err;
  {
    SCOPED_TRACE("its port is taken");
    const Listener holder(std::stoi(port));
    const Ran refused = stack({"rollback", "app"});
    EXPECT_EQ(refused.status, 6) << refused.err;
    expect_words(refused.err,
                 {"-old-writer-1 of the old stack can't be started: a process of this host holds its port"});
    expect_new_runs();
  }
  {
    SCOPED_TRACE("its network is another");
    docker({"network", "rm", project("old") + "_default"});
    docker({"network", "create", project("old") + "_default"});
    const Ran refused = stack({"rollback", "app"});
    EXPECT_EQ(refused.status, 6) << refused.err;
    expect_words(refused.err, {"can't be started: its network " + project("old") + "_default is gone"});
    expect_new_runs();
    docker({"network", "rm", project("old") + "_default"});  // it has no label
  }
}

TEST_F(StackRollback, StartsTheNewStackAgainWhenTheOldOneDoesNotStart) {
  const Ran there = do_switch();
  ASSERT_EQ(there.status, 0) << there.err;
  const std::string writer = container("old", "writer");
  for (const std::string& id : {container("old", "db"), writer}) {
    write("bin/fail", "docker start " + id + "*");
    const Ran ran = stack({"rollback", "app"});
    EXPECT_EQ(ran.status, 1) << ran.err;
    expect_words(ran.err, {"made to fail", "the new stack runs as before"});
    EXPECT_EQ(standing(), "switched");
    expect_words(stack({"status"}).out, {"made to fail"});
    expect_new_runs();
  }
  write("bin/kill-before", "docker start " + writer + "*");
  ASSERT_EQ(stack({"rollback", "app"}).status, 137);
  EXPECT_EQ(standing(), "rollback interrupted");
  expect_words(stack({"status"}).out, {"pgassay stack rollback app --abandon"});
  const Ran abandoned = stack({"rollback", "app", "--abandon"});
  EXPECT_EQ(abandoned.status, 0) << abandoned.err;
  EXPECT_EQ(standing(), "switched");
  expect_new_runs();
  EXPECT_EQ(stack({"rollback", "app", "--abandon"}).status, 6);

  std::filesystem::remove(dir() / "bin/fail");
  write("bin/kill-after", "docker update * " + writer + "*");  // it runs, and writes
  ASSERT_EQ(stack({"rollback", "app"}).status, 137);
  const std::size_t then = acked("old").size();
  wait_for([&] { return acked("old").size() > then; });
  const Ran refused = stack({"rollback", "app", "--abandon"});
  EXPECT_EQ(refused.status, 6) << refused.err;
  expect_words(refused.err,
               {"the old stack wrote since the rollback started it", "pgassay stack rollback app"});
  EXPECT_EQ(stack({"rollback", "app"}).status, 0);
  expect_old_runs_as_before();
}

}  // namespace
}  // namespace pgassay::test
