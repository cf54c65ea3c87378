// The tests' own server: what every other integration test stands on.
#include "tests/fixtures/local_server.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/system/error.h"
#include "tests/fixtures/child.h"
#include "tests/fixtures/host_postgres.h"

namespace pgassay::test {
namespace {

TEST(LocalServerTest, IsOfTheReleaseThatScriptsTakeForThisHosts) {
  ONLY_WITH_THE_HOSTS_SERVER("it is this host's release that is asked for");
  const Ended said =
      run_child({"bash", "-c", "source " PGASSAY_SOURCE_DIR "/scripts/postgres_major.sh && postgres_major"});
  EXPECT_EQ(said.out, std::to_string(shared_server().major()) + "\n") << said.err;
}

TEST(LocalServerTest, AnswersQueries) {
  EXPECT_EQ(shared_server().value("postgres", "SELECT 1 + 1"), "2");
}

TEST(LocalServerTest, ThrowsWhatPsqlSays) {
  try {
    shared_server().psql("postgres", "SELECT 1;\nSELECT * FROM missing;");
    FAIL() << "no exception";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("missing"), std::string::npos);
  }
}

TEST(LocalServerTest, MakesDatabasesOfAnyName) {
  const std::string name = "it's \"odd\" \\ ÄÖ";
  shared_server().create_database(name);
  EXPECT_EQ(shared_server().value(name, "SELECT current_database()"), name);
  shared_server().drop_database(name);
}

TEST(LocalServerTest, TakesSettings) {
  const LocalServer server(LocalServer::Settings{{"work_mem", "12MB"}});
  EXPECT_EQ(server.value("postgres", "SHOW work_mem"), "12MB");
}

TEST(LocalServerTest, IsGoneWhenDestroyed) {
  Path dir;
  {
    const LocalServer server;
    dir = server.dir();
  }
  EXPECT_FALSE(std::filesystem::exists(dir));
}

TEST(LocalServerTest, SweepsWhatAKilledTestLeft) {
  int fds[2];
  ASSERT_EQ(::pipe(fds), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const LocalServer server;
    const std::string dir = server.dir();
    [[maybe_unused]] ssize_t written = ::write(fds[1], dir.data(), dir.size());
    ::kill(::getpid(), SIGKILL);
  }
  ASSERT_GT(child, 0);
  ::close(fds[1]);
  char buffer[4096];
  const ssize_t length = ::read(fds[0], buffer, sizeof buffer);
  ::close(fds[0]);
  ::waitpid(child, nullptr, 0);
  ASSERT_GT(length, 0);
  const Path left(std::string(buffer, static_cast<std::size_t>(length)));
  ASSERT_TRUE(std::filesystem::exists(left / "data/postmaster.pid"));

  const LocalServer next;
  EXPECT_FALSE(std::filesystem::exists(left));
}

}  // namespace
}  // namespace pgassay::test
