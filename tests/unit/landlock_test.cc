#include "core/system/landlock.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <functional>

#include "core/system/files.h"
#include "tests/fixtures/temporary_dir.h"

namespace pgassay::test {
namespace {

/// What errno says of a call, in a process that has taken on rules of that release; 0: it was done.
int tried(const Reach& reach, unsigned release, const std::function<bool()>& call) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (!take_on(landlock_rules(reach, release))) ::_exit(255);
    errno = 0;
    ::_exit(call() ? 0 : errno);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool opens(const Path& path, int flags) {
  return Fd(::open(path.c_str(), flags | O_CLOEXEC, 0600)).get() >= 0;
}

bool connects_to_nobody_in_particular() {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, "\0pgassay-landlock-test", 22);
  const Fd fd(::socket(AF_UNIX, SOCK_STREAM, 0));
  return ::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), offsetof(sockaddr_un, sun_path) + 22) ==
         0;
}

class Landlock : public testing::TestWithParam<unsigned> {
 protected:
  void SetUp() override {
    if (landlock_release() < GetParam()) GTEST_SKIP() << "this kernel has Landlock " << landlock_release();
    for (const char* name : {"in", "seen", "out"}) {
      make_private_dirs(dir_.path() / name);
      write_new_file(dir_.path() / name / "file", "contents");
    }
  }
  Path at(const char* path) const { return dir_.path() / path; }
  int inside(const std::function<bool()>& call) const {
    return tried({{"/usr/bin/true"}, {"/usr", "/lib", "/lib64", "/lib/absent", at("seen")}, {at("in")}},
                 GetParam(), call);
  }

  TemporaryDir dir_;
};
INSTANTIATE_TEST_SUITE_P(Release, Landlock, testing::Values(2, 3, 5, 6, 7),
                         testing::PrintToStringParamName());

TEST_P(Landlock, LetsFilesBeUsedAsItsRulesSay) {
  EXPECT_EQ(inside([&] { return opens(at("in/file"), O_RDWR | O_TRUNC); }), 0);
  EXPECT_EQ(inside([&] { return opens(at("in/new"), O_WRONLY | O_CREAT | O_EXCL); }), 0);
  EXPECT_EQ(inside([&] { return ::mkdir(at("in/dir").c_str(), 0700) == 0; }), 0);
  EXPECT_EQ(inside([&] { return ::rename(at("in/new").c_str(), at("in/dir/renamed").c_str()) == 0; }), 0);
  EXPECT_EQ(inside([&] { return ::truncate(at("in/file").c_str(), 0) == 0; }), 0);
  EXPECT_EQ(inside([&] { return ::unlink(at("in/file").c_str()) == 0; }), 0);
  EXPECT_EQ(inside([&] { return opens(at("seen/file"), O_RDONLY); }), 0);
  EXPECT_EQ(inside([&] { return opens(at("seen/file"), O_WRONLY); }), EACCES);
  EXPECT_EQ(inside([&] { return ::unlink(at("seen/file").c_str()) == 0; }), EACCES);
  EXPECT_EQ(inside([&] { return opens(at("out/file"), O_RDONLY); }), EACCES);
  EXPECT_EQ(inside([&] { return opens(at("out"), O_RDONLY | O_DIRECTORY); }), EACCES);
  EXPECT_EQ(inside([&] { return opens(at("out/new"), O_WRONLY | O_CREAT); }), EACCES);
  EXPECT_NE(inside([&] { return ::rename(at("out/file").c_str(), at("in/file").c_str()) == 0; }), 0);
  EXPECT_EQ(read_file(at("out/file")), "contents");
  EXPECT_EQ(read_file(at("seen/file")), "contents");
}

TEST_P(Landlock, StartsOnlyWhatMayBeStarted) {
  EXPECT_EQ(inside([] { return ::execl("/usr/bin/id", "id", nullptr) == 0; }), EACCES);
  // With its loader, which is not among what may be started, no dynamic program runs at all.
  EXPECT_EQ(inside([] { return ::execl("/usr/bin/true", "true", nullptr) == 0; }), EACCES);
  const auto true_runs = [] { return ::execl("/usr/bin/true", "true", nullptr) == 0; };
  EXPECT_EQ(tried({{"/usr/bin/true", "/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1"}, {"/"}, {}},
                  GetParam(), true_runs),
            0);
}

TEST_P(Landlock, FromTheReleaseThatKnowsThemStopsSignalsSocketsAndCutting) {
  const pid_t bystander = ::fork();
  if (bystander == 0) {
    ::pause();
    ::_exit(0);
  }
  const bool scopes = GetParam() >= kLandlockScopes;
  EXPECT_EQ(inside([&] { return ::kill(bystander, 0) == 0; }), scopes ? EPERM : 0);
  EXPECT_EQ(inside([&] { return ::kill(::getpid(), 0) == 0; }), 0);
  ::kill(bystander, SIGKILL);
  ::waitpid(bystander, nullptr, 0);

  const Fd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, "\0pgassay-landlock-test", 22);
  ASSERT_EQ(
      ::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), offsetof(sockaddr_un, sun_path) + 22), 0);
  ASSERT_EQ(::listen(listener.get(), 5), 0);
  EXPECT_EQ(inside(connects_to_nobody_in_particular), scopes ? EPERM : 0);
  EXPECT_EQ(inside([&] { return ::truncate(at("out/file").c_str(), 0) == 0; }), GetParam() >= 3 ? EACCES : 0);
}

}  // namespace
}  // namespace pgassay::test
