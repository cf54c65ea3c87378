// Throwaway servers, as far as there needs no server: their settings, their directories, their words.
#include <gtest/gtest.h>
#include <unistd.h>

#include "core/container/container_cli.h"
#include "core/system/error.h"
#include "drill/server/container_engine.h"
#include "drill/server/throwaway_dir.h"
#include "drill/server/throwaway_ready.h"
#include "drill/server/throwaway_server.h"
#include "drill/server/throwaway_settings.h"
#include "tests/fixtures/temporary_dir.h"

namespace pgassay {
namespace {

constexpr std::uint64_t kGiB = 1 << 30;

TEST(Engines, AreNamedAsTheyAreParsed) {
  for (const char* name : {"auto", "docker", "podman", "local"})
    EXPECT_EQ(to_string(drill::parse_engine(name)), name);
  EXPECT_THROW(drill::parse_engine("Docker"), UsageError);
  EXPECT_EQ(drill::parse_pull("never"), drill::Pull::never);
  EXPECT_THROW(drill::parse_pull("sometimes"), UsageError);
}

TEST(Engines, ThatAreNotHereAreNoUseToADrillThatCanHaveAnother) {
  try {
    drill::reach_for_drill(ContainerCli("pgassay-no-such-engine"), {});
    FAIL() << "no exception";
  } catch (const NoContainerEngine& error) {
    EXPECT_EQ(error.reason(), NoContainerEngine::Reason::not_installed);
    EXPECT_EQ(error.hint(), "install it, or use another engine (--engine)");
  }
}

TEST(ThrowawayReady, IsNotWhatTheTemporaryServerOfAnImageSays) {
  const std::string ready = "LOG:  database system is ready to accept connections\n";
  EXPECT_FALSE(drill::says_ready_after_init(""));
  EXPECT_FALSE(drill::says_ready_after_init(ready));
  EXPECT_FALSE(
      drill::says_ready_after_init(ready + "PostgreSQL init process complete; ready for start up.\n"));
  EXPECT_TRUE(drill::says_ready_after_init(ready + "PostgreSQL init process complete; ready for start up.\n" +
                                           ready));
}

TEST(ThrowawaySettings, FlushNothingAndRunNothingByThemselves) {
  const drill::Settings settings = drill::throwaway_settings({}, kGiB, kGiB);
  for (const char* off : {"fsync", "full_page_writes", "synchronous_commit", "autovacuum", "jit"})
    EXPECT_EQ(settings.at(off), "off") << off;
  EXPECT_EQ(settings.at("wal_level"), "minimal");
  EXPECT_EQ(settings.at("max_logical_replication_workers"), "0");
}

TEST(ThrowawaySettings, AreSizedFromMemory) {
  drill::ThrowawayRequest request;
  request.jobs = 2;
  EXPECT_EQ(throwaway_settings(request, 4 * kGiB, kGiB).at("shared_buffers"), "1GB");
  EXPECT_EQ(throwaway_settings(request, 4 * kGiB, kGiB).at("maintenance_work_mem"), "512MB");
  EXPECT_EQ(throwaway_settings(request, kGiB / 4, kGiB).at("shared_buffers"), "64MB");
  EXPECT_EQ(throwaway_settings(request, 1000 * kGiB, 1000 * kGiB).at("shared_buffers"), "8GB");
}

TEST(ThrowawaySettings, HaveLocksForEveryRelation) {
  drill::ThrowawayRequest request;
  const auto locks = [&] {
    const drill::Settings settings = throwaway_settings(request, kGiB, kGiB);
    return std::stoull(settings.at("max_locks_per_transaction")) *
           std::stoull(settings.at("max_connections"));
  };
  EXPECT_GE(locks(), 60'000u);
  request.relations = 200'000;
  EXPECT_GE(locks(), 400'000u);
}

TEST(ThrowawaySettings, SwitchSchedulersOffWhereTheyAreLoaded) {
  drill::ThrowawayRequest request;
  EXPECT_FALSE(throwaway_settings(request, kGiB, kGiB).contains("cron.launch_active_jobs"));
  request.shared_preload_libraries = "pg_cron";
  request.database = "app";
  const drill::Settings settings = throwaway_settings(request, kGiB, kGiB);
  EXPECT_EQ(settings.at("shared_preload_libraries"), "pg_cron");
  EXPECT_EQ(settings.at("cron.launch_active_jobs"), "off");
  EXPECT_EQ(settings.at("cron.database_name"), "app");
}

TEST(ThrowawaySettings, AreGivenOnTheCommandLine) {
  EXPECT_EQ(drill::as_arguments({{"a", "1"}, {"b", "x y"}}),
            (std::vector<std::string>{"-c", "a=1", "-c", "b=x y"}));
}

TEST(ServerLog, TellsItsLastComplaint) {
  EXPECT_EQ(drill::last_complaint(
                "LOG:  starting\nFATAL:  first\nFATAL:  second\nLOG:  database system is shut down\n"),
            "FATAL:  second");
  EXPECT_EQ(drill::last_complaint("initdb: error: no room\ninitdb: removing\n"), "initdb: error: no room");
  EXPECT_EQ(drill::last_complaint("one\ntwo\n\n"), "two");
  EXPECT_EQ(drill::last_complaint(""), "");
}

TEST(ServerLog, TellsTheLibraryThatIsMissing) {
  EXPECT_EQ(drill::missing_library(
                "FATAL:  could not access file \"pg_cron\": No such file or directory\nLOG:  x\n"),
            "pg_cron");
  EXPECT_EQ(drill::missing_library("FATAL:  could not access file \"pg_cron\": Permission denied\n"), "");
  EXPECT_EQ(drill::missing_library("FATAL:  data directory has invalid permissions\n"), "");
}

class ThrowawayDirTest : public ::testing::Test {
 protected:
  drill::ThrowawayRequest request() const {
    drill::ThrowawayRequest request;
    request.work_dir = base_.path();
    request.backup_id = "prod/app/20261123T020000Z";
    return request;
  }
  std::vector<std::string> names() const { return list_names(base_.path()); }

  test::TemporaryDir base_;
  Observer silent_;
};

TEST_F(ThrowawayDirTest, IsPrivateAndGoesAway) {
  {
    const drill::ThrowawayDir dir(drill::Engine::docker, request(), false, silent_);
    EXPECT_EQ(status_of(dir.path()).permissions(), std::filesystem::perms::owner_all);
    EXPECT_EQ(drill::state_of(dir.path()), drill::RunState::alive);
    EXPECT_TRUE(drill::abandoned_dirs(base_.path()).empty());
    write_new_file(dir.path() / "something", "");
  }
  EXPECT_EQ(names(), std::vector<std::string>());
}

TEST_F(ThrowawayDirTest, LetsAnotherUserPassButNotLook) {
  const drill::ThrowawayDir dir(drill::Engine::local, request(), true, silent_);
  using std::filesystem::perms;
  EXPECT_EQ(status_of(dir.path()).permissions(), perms::owner_all | perms::group_exec | perms::others_exec);
}

TEST_F(ThrowawayDirTest, IsAbandonedOnceNobodyHoldsItsLock) {
  { drill::ThrowawayDir(drill::Engine::podman, request(), false, silent_).leave(); }
  ASSERT_EQ(names().size(), 1u);
  EXPECT_EQ(drill::state_of(base_.path() / names()[0]), drill::RunState::dead);
  {
    const std::vector<drill::AbandonedDir> abandoned = drill::abandoned_dirs(base_.path());
    ASSERT_EQ(abandoned.size(), 1u);
    EXPECT_EQ(abandoned[0].engine, drill::Engine::podman);
    EXPECT_EQ(abandoned[0].backup_id, "prod/app/20261123T020000Z");
    EXPECT_FALSE(abandoned[0].kept);
    // Whoever has taken it holds the lock: nobody else takes it.
    EXPECT_TRUE(drill::abandoned_dirs(base_.path()).empty());
    abandoned[0].remove();
  }
  EXPECT_EQ(names(), std::vector<std::string>());
}

TEST_F(ThrowawayDirTest, IsKeptUntilItsTimeIsOver) {
  {
    drill::ThrowawayDir dir(drill::Engine::local, request(), false, silent_);
    dir.keep_until(now() + std::chrono::hours(1));
  }
  ASSERT_EQ(names().size(), 1u);
  const Path dir = base_.path() / names()[0];
  EXPECT_EQ(drill::state_of(dir), drill::RunState::kept);
  EXPECT_TRUE(drill::abandoned_dirs(base_.path()).empty());
  replace_file(dir / "kept", to_rfc3339(now() - std::chrono::seconds(1)));
  EXPECT_EQ(drill::state_of(dir), drill::RunState::dead);
  ASSERT_EQ(drill::abandoned_dirs(base_.path()).size(), 1u);
  EXPECT_TRUE(drill::abandoned_dirs(base_.path())[0].kept);
}

TEST_F(ThrowawayDirTest, IsTakenUpAgainWhenItsRemovalWasKilled) {
  make_private_dirs(base_.path() / "pgassay-drill-emptyy");
  EXPECT_TRUE(drill::abandoned_dirs(base_.path()).empty());
  EXPECT_EQ(names(), std::vector<std::string>());
}

TEST_F(ThrowawayDirTest, IsLookedForWhereItIsMade) {
  EXPECT_EQ(drill::throwaway_base(base_.path()), base_.path());
  const std::vector<Path> bases = drill::throwaway_bases(base_.path());
  EXPECT_NE(std::find(bases.begin(), bases.end(), base_.path()), bases.end());
  EXPECT_NE(std::find(bases.begin(), bases.end(), "/var/tmp"), bases.end());
}

TEST_F(ThrowawayDirTest, ThatIsGoneIsOfADeadRun) {
  EXPECT_EQ(drill::state_of(base_.path() / "pgassay-drill-absent"), drill::RunState::dead);
}

TEST(SocketPath, MayBeTooLong) {
  EXPECT_NO_THROW(drill::check_socket_path("/tmp/short"));
  EXPECT_THROW(drill::check_socket_path("/tmp/" + std::string(100, 'x')), Unverified);
}

}  // namespace
}  // namespace pgassay
