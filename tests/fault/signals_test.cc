// Signals at a backup: it goes away quickly and takes its server sessions, its children and its files with
// it.
#include <chrono>
#include <csignal>
#include <fstream>
#include <random>
#include <thread>

#include "tests/fault/scene.h"

namespace pgassay::test {

using namespace std::chrono_literals;

namespace {

constexpr unsigned kSeeds = 8;  // BackupKillsLong has 200

class Signals : public Scene {
 protected:
  static void SetUpTestSuite() {
    Scene::SetUpTestSuite();
    server_->psql(
        "shop",
        "CREATE TABLE large AS SELECT i, md5(i::text) AS a, md5((-i)::text) AS b FROM generate_series(1, "
        "1500000) i");
  }

  std::unique_ptr<Child> start_backup(unsigned jobs = 2) const {
    return std::make_unique<Child>(pgassay(backup_of("nightly", jobs), repository_));
  }

  /// Waits for a row of pg_stat_activity that fits.
  static ::testing::AssertionResult seen(const std::string& condition) {
    for (int i = 0; i < 1000; ++i) {
      if (query("SELECT count(*) FROM pg_stat_activity WHERE datname = 'shop' AND pid <> pg_backend_pid() "
                "AND " +
                condition) != "0") {
        return ::testing::AssertionSuccess();
      }
      std::this_thread::sleep_for(5ms);
    }
    return ::testing::AssertionFailure() << "never seen: " << condition;
  }

  void expect_it_ends_cleanly(Child& backup, int number) const {
    backup.signal(number);
    EXPECT_FALSE(backup.running_after(3s));
    EXPECT_EQ(backup.wait().status, 128 + number);
    EXPECT_EQ(partial(), std::vector<std::string>());
    EXPECT_EQ(listed(), std::set<std::string>{good_});
  }

  /// For a test whose backup waits for a lock.
  static std::unique_ptr<Child> lock(const std::string& table) {
    auto session = std::make_unique<Child>(std::vector<std::string>{
        (server_->bin_dir() / "psql").string(), "-Xq", "-d",
        server_->conninfo("shop") + " application_name=holder", "-c",
        "BEGIN; LOCK TABLE " + table + " IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(60)"});
    EXPECT_TRUE(seen("application_name = 'holder' AND wait_event = 'PgSleep'"));
    return session;
  }

  static void release(std::unique_ptr<Child> holder) {
    query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'holder'");
    holder->wait();
  }
};

}  // namespace

TEST_F(Signals, SigtermEndsABackupThatWaitsForALock) {
  auto holder = lock("shop.orders");
  auto backup = start_backup();
  ASSERT_TRUE(seen("wait_event_type = 'Lock'"));
  expect_it_ends_cleanly(*backup, SIGTERM);
  EXPECT_TRUE(sessions_end_within(2));
  release(std::move(holder));
}

TEST_F(Signals, SigintEndsABackupThatWaitsForALock) {
  auto holder = lock("shop.orders");
  auto backup = start_backup();
  ASSERT_TRUE(seen("wait_event_type = 'Lock'"));
  expect_it_ends_cleanly(*backup, SIGINT);
  release(std::move(holder));
}

TEST_F(Signals, SigtermEndsABackupThatCopiesRows) {
  auto backup = start_backup();
  ASSERT_TRUE(seen("state = 'active' AND query ~ 'COPY.*large'"));
  expect_it_ends_cleanly(*backup, SIGTERM);
  EXPECT_TRUE(sessions_end_within(2));
}

TEST_F(Signals, SigintEndsABackupThatCopiesRows) {
  auto backup = start_backup(1);
  ASSERT_TRUE(seen("state = 'active' AND query ~ 'COPY.*large'"));
  expect_it_ends_cleanly(*backup, SIGINT);
  EXPECT_TRUE(sessions_end_within(2));
}

TEST_F(Signals, SigtermEndsAPgDumpThatHangs) {
  const Path dir = repository_.parent_path();
  const Path tool = server_->bin_dir() / "pg_dump", pid_file = dir / "pid";
  std::ofstream(dir / "pg_dump") << "#!/bin/sh\n"
                                 << "[ \"$1\" = --version ] && exec " << tool.string() << " --version\n"
                                 << "echo $$ > " << pid_file.string() << "\nexec sleep 60\n";
  std::filesystem::permissions(dir / "pg_dump", std::filesystem::perms::owner_all);
  std::filesystem::create_symlink(server_->bin_dir() / "pg_dumpall", dir / "pg_dumpall");

  Arguments arguments = backup_of("nightly");
  arguments.insert(arguments.end(), {"--pg-dump", (dir / "pg_dump").string()});
  Child backup(pgassay(arguments, repository_));
  pid_t pid = 0;
  for (int i = 0; i < 1000 && !(std::ifstream(pid_file) >> pid); ++i) std::this_thread::sleep_for(5ms);
  ASSERT_GT(pid, 0);
  expect_it_ends_cleanly(backup, SIGTERM);
  EXPECT_EQ(kill(pid, 0), -1);
  EXPECT_TRUE(sessions_end_within(2));
}

TEST_F(Signals, SigkillAtAnyInstantLeavesNoHalfBackup) {
  for (unsigned seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    auto backup = start_backup();
    backup->running_after(std::chrono::milliseconds(random() % 2000));
    backup->signal(SIGKILL);
    backup->wait();
    for (const std::string& dir : listed()) expect_sound(dir);
    EXPECT_TRUE(listed().contains(good_));
    EXPECT_TRUE(sessions_end_within(5));
    expect_next_backup_is_whole("nightly");
  }
}

}  // namespace pgassay::test
