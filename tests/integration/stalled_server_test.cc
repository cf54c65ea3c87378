// The server stands still while it is backed up, though the network is whole.
#include <gtest/gtest.h>

#include <csignal>
#include <sstream>

#include "backup/backup.h"
#include "tests/fixtures/child.h"
#include "tests/fixtures/live_backup.h"

namespace pgassay::test {
namespace {

/// The sessions of a backup, stopped as a host that hangs does it; they go on at the end.
class StoppedSessions {
 public:
  explicit StoppedSessions(const LiveDatabase& database) : database_(database) {}
  StoppedSessions(const StoppedSessions&) = delete;
  ~StoppedSessions() {
    for (const pid_t pid : pids_) ::kill(pid, SIGCONT);
  }
  void stop() {
    std::istringstream pids(
        database_.value(std::string("SELECT pid FROM pg_stat_activity WHERE application_name = '") +
                        backup::kApplicationName + "'"));
    for (pid_t pid; pids >> pid;) {
      ::kill(pid, SIGSTOP);
      pids_.push_back(pid);
    }
  }

 private:
  const LiveDatabase& database_;
  std::vector<pid_t> pids_;
};

TEST(StalledServer, InMidCopyIsGivenUpAndNamesTheTable) {
  const LiveDatabase database(
      "stalled",
      "CREATE TABLE t AS SELECT i, repeat(md5(i::text), 30) AS a FROM generate_series(1, 10000) AS i;");
  const Vault vault;
  StoppedSessions sessions(database);
  struct : Recorder {
    void advanced(std::uint64_t, std::uint64_t) override { std::call_once(first_, in_mid_copy); }
    std::function<void()> in_mid_copy;
    std::once_flag first_;
  } recorder;
  recorder.in_mid_copy = [&] { sessions.stop(); };
  try {
    vault.back_up(database, recorder, [](backup::BackupOptions& options) {
      options.jobs = 1;
      options.stall_timeout = Seconds(1);
    });
    FAIL() << "a backup of a server that stands still";
  } catch (const Error& error) {
    const std::string what = error.what();
    EXPECT_EQ(what.find("copying public.t: "), 0U) << what;
    EXPECT_NE(what.find("has said nothing for 1 s"), std::string::npos) << what;
    EXPECT_NE(error.hint(), "");
  }
  EXPECT_EQ(vault.debris(), std::vector<std::string>());
  EXPECT_TRUE(vault.repository().list().empty());
}

/// A pg_dump that hangs stands in for one whose session hangs: what is stopped is all that we can see.
TEST(StalledServer, WhilePgDumpRunsAloneIsGivenUp) {
  // So few locks that each table is locked only when it is copied: the schema is dumped first, and nothing
  // beside it.
  const LocalServer server({{"max_locks_per_transaction", "10"}, {"max_connections", "20"}});
  const LiveDatabase database("stalled_alone", "CREATE TABLE t AS SELECT 1 AS a;", "", server);
  const TemporaryDir dir;
  const Path pg_dump = dir.path() / "pg_dump";
  write_new_file(pg_dump, "#!/bin/sh\ncase \"$*\" in *--version*) exec " +
                              (server.bin_dir() / "pg_dump").string() + " \"$@\" ;; esac\ntouch " +
                              (dir.path() / "began").string() + "\nexec sleep 60\n");
  std::filesystem::permissions(pg_dump, std::filesystem::perms(0755));
  std::filesystem::create_symlink(server.bin_dir() / "pg_dumpall", dir.path() / "pg_dumpall");
  const Vault vault;
  StoppedSessions sessions(database);
  Child backup({PGASSAY_BINARY, "backup", "--repo", vault.root().string(), "--source", "test", "-d",
                database.conninfo(), "--pg-dump", pg_dump.string(), "--stall-timeout", "0.3s",
                "--lock-timeout", "0.3"},
               {{"PGASSAY_CONFIG", "/dev/null"}});
  for (int i = 0; i < 2000 && !std::filesystem::exists(dir.path() / "began"); ++i) ::usleep(10'000);
  sessions.stop();
  const Ended ended = backup.wait();
  EXPECT_EQ(ended.status, 1) << ended.err;
  EXPECT_NE(ended.err.find("has said nothing for"), std::string::npos) << ended.err;
  EXPECT_EQ(vault.debris(), std::vector<std::string>());
}

}  // namespace
}  // namespace pgassay::test
