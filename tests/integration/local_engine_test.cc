// The conformance suite against the local engine, and what only it has.
#include <pwd.h>
#include <unistd.h>

#include "drill/server/leftovers.h"
#include "tests/fixtures/engine_suite.h"

namespace pgassay::test {

std::vector<std::string> containers_of(drill::Engine, const Path&) {
  return {};
}

INSTANTIATE_TEST_SUITE_P(Local, ThrowawayServers, ::testing::Values(drill::Engine::local),
                         [](const auto&) { return "local"; });

INSTANTIATE_TEST_SUITE_P(Local, ThrowawayServersLong, ::testing::Values(drill::Engine::local),
                         [](const auto&) { return "local"; });

namespace {

class LocalEngineTest : public ThrowawayServers {};
INSTANTIATE_TEST_SUITE_P(Local, LocalEngineTest, ::testing::Values(drill::Engine::local),
                         [](const auto&) { return "local"; });

std::string failure_of(const drill::ThrowawayRequest& request) {
  Observer silent;
  try {
    start_throwaway_server(drill::Engine::local, request, silent, {});
    return "started";
  } catch (const Unverified& error) {
    return std::string(error.what()) + " HINT: " + error.hint();
  }
}

TEST_P(LocalEngineTest, DoesNotRunAsRoot) {
  const auto server = start();
  const std::vector<pid_t> processes = drill::processes_in(work_.path());
  int seen = 0;
  for (const pid_t pid : processes) {
    try {
      EXPECT_NE(owner_of("/proc/" + std::to_string(pid)), 0u) << pid;
      ++seen;
    } catch (const SystemError&) {  // a session has ended since
    }
  }
  EXPECT_GT(seen, 0);
}

TEST_P(LocalEngineTest, HasTheNameOfTheSourcesBootstrapRole) {
  drill::ThrowawayRequest named = request();
  named.superuser = "The Boss";
  const auto server = start(named);
  EXPECT_EQ(value(*server, "SELECT rolname FROM pg_roles WHERE oid = 10"), named.superuser);
  EXPECT_NE(value(*server, "SELECT current_user"), named.superuser);
  EXPECT_EQ(value(*server, "SELECT count(*) FROM pg_roles WHERE rolsuper"), "2");
}

TEST_P(LocalEngineTest, EndsWithTheProcessThatStartedIt) {
  Holder holder(drill::Engine::local, request());
  ASSERT_TRUE(holder.ready());
  EXPECT_GT(processes_below(work_.path()), 0);
  holder.signal(SIGKILL);
  holder.wait();
  for (int tries = 0; tries < 100 && processes_below(work_.path()) > 0; ++tries) ::usleep(50'000);
  EXPECT_EQ(processes_below(work_.path()), 0);
}

TEST_P(LocalEngineTest, SaysWhichServerToInstall) {
  drill::ThrowawayRequest newer = request();
  newer.source_version = 190001;
  const std::string failure = failure_of(newer);
  EXPECT_NE(failure.find("no PostgreSQL server of release 19 or newer"), std::string::npos) << failure;
  EXPECT_NE(failure.find("postgresql-19"), std::string::npos) << failure;
}

TEST_P(LocalEngineTest, SaysThatTheDiskIsTooSmall) {
  drill::ThrowawayRequest large = request();
  large.raw_bytes = std::uint64_t{1} << 50;
  const std::string failure = failure_of(large);
  EXPECT_NE(failure.find("not enough disk"), std::string::npos) << failure;
  EXPECT_NE(failure.find("--work-dir"), std::string::npos) << failure;
  expect_nothing_left();
}

TEST_P(LocalEngineTest, SaysThatTheMemoryIsTooLittle) {
  drill::ThrowawayRequest small = request();
  small.memory_bytes = 1 << 20;
  const std::string failure = failure_of(small);
  EXPECT_NE(failure.find("not enough memory"), std::string::npos) << failure;
  EXPECT_NE(failure.find("--memory"), std::string::npos) << failure;
}

TEST_P(LocalEngineTest, SaysThatThereIsNoSuchDirectory) {
  drill::ThrowawayRequest nowhere = request();
  nowhere.work_dir = work_.path() / "absent";
  EXPECT_NE(failure_of(nowhere).find("no such directory"), std::string::npos) << failure_of(nowhere);
}

TEST_P(LocalEngineTest, SaysThatThePathIsTooLongForASocket) {
  drill::ThrowawayRequest deep = request();
  deep.work_dir = work_.path() / std::string(80, 'x');
  make_private_dirs(deep.work_dir);
  EXPECT_NE(failure_of(deep).find("unix socket"), std::string::npos) << failure_of(deep);
  EXPECT_EQ(list_names(deep.work_dir), std::vector<std::string>());
}

}  // namespace
}  // namespace pgassay::test
