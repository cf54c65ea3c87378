// Children that run beside us, and children that are kept from things.
#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "core/system/bounded_call.h"
#include "core/system/call_filter.h"
#include "core/system/error.h"
#include "core/system/subprocess.h"
#include "tests/fixtures/temporary_dir.h"

namespace pgassay {
namespace {

using namespace std::chrono_literals;

class ProcessTest : public ::testing::Test {
 protected:
  Command shell(const std::string& script) const {
    Command command;
    command.argv = {"sh", "-c", script};
    command.stdout_fd = out_.get();
    return command;
  }
  std::string output() const { return read_file(dir_.path() / "out"); }
  bool output_comes(const std::string& text) const {
    for (int tries = 0; tries < 500 && output() != text; ++tries) std::this_thread::sleep_for(10ms);
    return output() == text;
  }

  test::TemporaryDir dir_;
  Fd out_ = create_file(dir_.path() / "out");
};

TEST_F(ProcessTest, RunsBesideUsAndWritesBothOutputsToOnePlace) {
  Process process(shell("echo one; echo two >&2; exit 3"), 0);
  EXPECT_EQ(process.ended_within(5000ms, {}), 3);
  EXPECT_EQ(output(), "one\ntwo\n");
}

TEST_F(ProcessTest, IsNotEndedYet) {
  Process sleeping(shell("sleep 60"), 0);
  EXPECT_EQ(sleeping.ended_within(20ms, {}), std::nullopt);
  sleeping.signal(SIGTERM);
  EXPECT_EQ(sleeping.ended_within(5000ms, {}), 128 + SIGTERM);
}

TEST_F(ProcessTest, EndsWithItsOwner) {
  pid_t pid;
  {
    const Process process(shell("sleep 60"), 0);
    pid = process.pid();
  }
  EXPECT_EQ(::kill(pid, 0), -1);
}

TEST_F(ProcessTest, LivesOnWhenReleased) {
  Process process(shell("sleep 60"), 0);
  const pid_t pid = process.pid();
  process.release();
  EXPECT_EQ(::kill(pid, 0), 0);
  ::kill(pid, SIGKILL);
  ::waitpid(pid, nullptr, 0);
}

TEST_F(ProcessTest, IsOutOfReachOfATerminalsSignals) {
  const Process process(shell("sleep 60"), 0);
  EXPECT_EQ(::getsid(process.pid()), process.pid());
}

TEST_F(ProcessTest, IsToldWhenWeAreKilled) {
  const pid_t parent = ::fork();
  if (parent == 0) {
    const Process process(shell("trap 'echo told; exit' QUIT; echo ready; while :; do sleep 0.01; done"),
                          SIGQUIT);
    ::pause();
  }
  EXPECT_TRUE(output_comes("ready\n"));
  ::kill(parent, SIGKILL);
  ::waitpid(parent, nullptr, 0);
  EXPECT_TRUE(output_comes("ready\ntold\n")) << output();
}

Completed confined(const std::string& script, bool filtered) {
  Command command;
  command.argv = {"bash", "-c", script};
  if (filtered) command.confinement.call_filter = server_call_filter();
  return run(command, {});
}

class Confined : public ::testing::Test {
 protected:
  Confined() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(listener_.get(), generic, length), 0);
    EXPECT_EQ(::listen(listener_.get(), 5), 0);
    EXPECT_EQ(::getsockname(listener_.get(), generic, &length), 0);
    dial_ = "exec 3<>/dev/tcp/127.0.0.1/" + std::to_string(ntohs(address.sin_port)) + " && echo connected";
  }

  Fd listener_;
  std::string dial_;
};

TEST_F(Confined, ConnectsToNothing) {
  EXPECT_EQ(confined(dial_, false).out, "connected\n");
  const Completed banned = confined(dial_, true);
  EXPECT_EQ(banned.out, "");
  EXPECT_NE(banned.err.find("Permission denied"), std::string::npos) << banned.err;
}

TEST_F(Confined, PassesTheBanOnToItsChildren) {
  EXPECT_EQ(confined("bash -c '" + dial_ + "'", true).out, "");
}

TEST_F(Confined, GainsNoPrivileges) {
  EXPECT_NE(confined("cat /proc/self/status", true).out.find("NoNewPrivs:\t1"), std::string::npos);
}

TEST_F(Confined, MakesNoNamespaces) {
  EXPECT_EQ(confined("unshare --user true && echo made", true).out, "");
}

TEST_F(Confined, TracesNobody) {
  // A tracer's own check comes first: /proc/self/mem of another needs the same right, and is asked by
  // ptrace(2) here.
  const Completed traced = confined(
      "sleep 1000 & python3 -c 'import ctypes,sys; c=ctypes.CDLL(None,use_errno=True); "
      "sys.exit(0 if c.ptrace(16,int(sys.argv[1]),0,0)==0 else 3)' $!; echo $?; kill $!",
      true);
  EXPECT_EQ(traced.out, "3\n") << traced.err;
}

TEST_F(Confined, RunsThreadsAndChildrenAllTheSame) {
  EXPECT_EQ(confined("python3 -c 'import threading,socket,subprocess\n"
                     "t=threading.Thread(target=lambda: print(1,flush=True)); t.start(); t.join()\n"
                     "subprocess.run([\"echo\",\"2\"]); a,b=socket.socketpair(); a.send(b\"3\"); "
                     "print(b.recv(1).decode())'",
                     true)
                .out,
            "1\n2\n3\n");
}

TEST(Subprocess, LimitsWhatAChildUses) {
  Command command;
  command.argv = {"sh", "-c", "ulimit -n; ulimit -c"};
  command.confinement.limits = {{RLIMIT_NOFILE, 64}, {RLIMIT_CORE, 0}};
  EXPECT_EQ(run(command, {}).out, "64\n0\n");
}

TEST(Subprocess, PassesOnTheDescriptorsThatItIsToldTo) {
  const Fd kept(::memfd_create("kept", MFD_CLOEXEC)), other(::memfd_create("other", MFD_CLOEXEC));
  Command command;
  command.argv = {"sh", "-c", "ls -l /proc/$$/fd"};
  command.inherited = {kept.get()};
  const std::string open = run(command, {}).out;
  EXPECT_NE(open.find("memfd:kept"), std::string::npos) << open;
  EXPECT_EQ(open.find("memfd:other"), std::string::npos) << open;
}

TEST(Subprocess, PassesNothingOfOurEnvironmentOnWhenToldSo) {
  ::setenv("PGASSAY_TEST_SECRET", "secret", 1);
  Command command;
  command.argv = {"/usr/bin/env"};
  command.env = {{"GIVEN", "1"}};
  command.env_is_all = true;
  EXPECT_EQ(run(command, {}).out, "GIVEN=1\n");
  ::unsetenv("PGASSAY_TEST_SECRET");
}

TEST(Subprocess, RunsInTheDirectoryItIsGiven) {
  const test::TemporaryDir dir;
  Command command;
  command.argv = {"/bin/pwd"};
  command.working_dir = dir.path();
  EXPECT_EQ(run(command, {}).out, dir.path().string() + "\n");
  command.working_dir = dir.path() / "absent";
  try {
    run(command, {});
    FAIL() << "it ran";
  } catch (const Error& error) {
    EXPECT_EQ(std::string(error.what()),
              "can't enter the working directory of: /bin/pwd: No such file or directory");
  }
}

TEST(Subprocess, RunsAsAnotherUserWhereWeAreRoot) {
  Command command;
  command.argv = {"sh", "-c", "id -u; id -g; id -G"};
  command.confinement.run_as = UserId{65534, 65534};
  if (::geteuid() == 0) {
    EXPECT_EQ(run(command, {}).out, "65534\n65534\n65534\n");
  } else {
    EXPECT_THROW(run(command, {}), Error);
  }
}

TEST(ShellWord, IsTakenBackByAShell) {
  for (const std::string word : {"plain-1.0_/:=", "", "a b", "it's", "$HOME", "\"", "a\nb", "*", "-n",
                                 "it's\x1b[2J\\", "\u202e", "\xff"}) {
    const Completed done =
        run({.argv = {"bash", "-c", "printf %s " + shell_word(word)}, .env = {}, .input = {}}, {});
    EXPECT_EQ(done.out, word) << shell_word(word);
  }
  EXPECT_EQ(shell_word("plain"), "plain");
  EXPECT_EQ(shell_word("a\nb's"), "$'a\\x0ab\\'s'") << "is the same when it has been made printable";
}

TEST(ACallInAFork, ComesToItsEnd) {
  EXPECT_TRUE(call_in_a_fork(5s, [] {}));
}

TEST(ACallInAFork, IsOverWhenItsTimeIs) {
  EXPECT_FALSE(call_in_a_fork(1s, [] {
    for (;;) ::pause();
  }));
}

}  // namespace
}  // namespace pgassay
