#include "core/system/subprocess.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "core/system/error.h"
#include "tests/fixtures/temporary_dir.h"

namespace pgassay {
namespace {

using namespace std::chrono_literals;

Completed shell(const std::string& script, std::stop_token stop = {}) {
  return run({.argv = {"sh", "-c", script}, .env = {}, .input = {}}, stop);
}

/// Until the child that is to be stopped runs.
void until_there(const Path& file) {
  for (int tries = 0; tries < 6000 && !std::filesystem::exists(file); ++tries)
    std::this_thread::sleep_for(10ms);
}

TEST(Subprocess, GivesStatusAndBothOutputs) {
  Completed done = shell("echo out; echo err >&2; exit 7");
  EXPECT_EQ(done.status, 7);
  EXPECT_EQ(done.out, "out\n");
  EXPECT_EQ(done.err, "err\n");
}

TEST(Subprocess, GivesTheSignalThatEndedIt) {
  EXPECT_EQ(shell("kill -9 $$").status, 128 + 9);
}

TEST(Subprocess, PassesArgumentsOnUntouched) {
  Completed done = run({.argv = {"printf", "%s|", "a b", "", "$HOME", "'\""}, .env = {}, .input = {}}, {});
  EXPECT_EQ(done.out, "a b||$HOME|'\"|");
}

TEST(Subprocess, AddsToTheEnvironment) {
  Completed done = run({.argv = {"sh", "-c", "echo $HOME:$SECRET"},
                        .env = {{"SECRET", "a=b"}, {"HOME", "/nowhere"}},
                        .input = {}},
                       {});
  EXPECT_EQ(done.out, "/nowhere:a=b\n");
}

TEST(Subprocess, ReadsItsInputToTheEnd) {
  const std::string input(1'000'000, 'x');
  Completed done = run({.argv = {"wc", "-c"}, .env = {}, .input = input}, {});
  EXPECT_EQ(done.out, "1000000\n");
}

TEST(Subprocess, HasNoInputUnlessGiven) {
  EXPECT_EQ(shell("wc -c").out, "0\n");
}

TEST(Subprocess, MayLeaveItsInputUnread) {
  EXPECT_EQ(run({.argv = {"true"}, .env = {}, .input = std::string(1'000'000, 'x')}, {}).status, 0);
}

TEST(Subprocess, WritesToADescriptor) {
  test::TemporaryDir dir;
  Fd file = create_file(dir.path() / "out");
  Completed done = run({.argv = {"echo", "hello"}, .env = {}, .input = {}, .stdout_fd = file.get()}, {});
  EXPECT_EQ(done.out, "");
  EXPECT_EQ(read_file(dir.path() / "out"), "hello\n");
}

TEST(Subprocess, GivesLongOutputOnBothPipesWhole) {
  Completed done = shell(
      "i=0; while [ $i -lt 20000 ]; do echo 12345678901234567890; echo 1234567890 >&2; i=$((i+1)); done");
  EXPECT_EQ(done.out.size(), 20000u * 21);
  EXPECT_EQ(done.err.size(), 20000u * 11);
}

TEST(Subprocess, CutsAVeryLongStderrInTheMiddle) {
  Completed done = shell("echo first >&2; head -c 5000000 /dev/zero | tr '\\0' x >&2; echo last >&2");
  EXPECT_LT(done.err.size(), (1u << 20) + 100);
  EXPECT_TRUE(done.err.starts_with("first\n"));
  EXPECT_TRUE(done.err.ends_with("xlast\n"));
  EXPECT_NE(done.err.find("[...]"), std::string::npos);
}

TEST(Subprocess, NamesAProgramThatIsMissing) {
  for (const char* name : {"no-such-program", "/no/such/program"}) {
    try {
      run({.argv = {name}, .env = {}, .input = {}}, {});
      FAIL() << "no exception";
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find(name), std::string::npos) << error.what();
    }
  }
}

TEST(Subprocess, NamesAFileThatCanNotBeRun) {
  test::TemporaryDir dir;
  write_new_file(dir.path() / "data", "x");
  EXPECT_THROW(run({.argv = {dir.path() / "data"}, .env = {}, .input = {}}, {}), Error);
}

TEST(Subprocess, IsEndedByTheStop) {
  std::stop_source source;
  test::TemporaryDir dir;
  const Path runs = dir.path() / "runs";
  std::jthread later([&] {
    until_there(runs);
    source.request_stop();
  });
  EXPECT_THROW(shell("touch " + runs.string() + "; exec sleep 3600", source.get_token()), Stopped);
}

TEST(Subprocess, ThatIgnoresTheRequestIsKilledByTheStop) {
  std::stop_source source;
  test::TemporaryDir dir;
  const Path runs = dir.path() / "runs", asked = dir.path() / "asked";
  std::jthread later([&] {
    until_there(runs);
    source.request_stop();
  });
  const std::string script =
      "trap 'touch " + asked.string() + "' TERM; touch " + runs.string() + "; while :; do sleep 0.1; done";
  EXPECT_THROW(shell(script, source.get_token()), Stopped);
  EXPECT_TRUE(std::filesystem::exists(asked)) << "it was killed without having been asked";
}

TEST(Subprocess, IsNotStartedAfterTheStop) {
  test::TemporaryDir dir;
  std::stop_source source;
  source.request_stop();
  EXPECT_THROW(shell("touch " + (dir.path() / "ran").string(), source.get_token()), Stopped);
  EXPECT_TRUE(list_names(dir.path()).empty());
}

TEST(Subprocess, IsNotWaitedForWhenOnlyAGrandchildHoldsThePipes) {
  const Completed done = shell("sleep 3600 & echo $!");
  EXPECT_EQ(::kill(std::stoi(done.out), SIGKILL), 0) << "the grandchild was gone before: " << done.out;
}

TEST(Subprocess, StartsWithNoSignalBlockedOrIgnored) {
  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  auto ignored = ::signal(SIGPIPE, SIG_IGN);
  Completed done =
      run({.argv = {"grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status"}, .env = {}, .input = {}}, {});
  ::signal(SIGPIPE, ignored);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  EXPECT_EQ(done.out, "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}

TEST(Subprocess, InheritsOnlyTheThreeStandardDescriptors) {
  Completed done = run({.argv = {"ls", "/proc/self/fd"}, .env = {}, .input = {}}, {});
  EXPECT_EQ(done.out, "0\n1\n2\n3\n") << "3 is the directory that ls reads";
}

TEST(Complaint, IsTheFirstLinesOnOneLine) {
  Completed done;
  done.err = "pg_dump: error: one  \n\n  two\r\nthree\nfour\n";
  EXPECT_EQ(done.complaint(), "pg_dump: error: one; two; three");
}

TEST(Complaint, IsTheStatusOfASilentProgram) {
  Completed done;
  done.status = 3;
  EXPECT_EQ(done.complaint(), "exit status 3");
  done.status = 128 + 9;
  EXPECT_EQ(done.complaint(), "ended by signal 9");
}

TEST(FindProgram, LooksInPathOnlyForABareName) {
  EXPECT_EQ(find_program("sh").filename(), "sh");
  EXPECT_EQ(find_program("/x/y"), "/x/y");
  EXPECT_TRUE(find_program("no-such-program").empty());
}

}  // namespace
}  // namespace pgassay
