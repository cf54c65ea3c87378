// A backup beside migrations: it neither waits for ever nor holds others up without a word.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "core/system/error.h"
#include "tests/fixtures/live_backup.h"

namespace pgassay::test {
namespace {

using namespace std::chrono_literals;

/// A backup of tables a_large and t with one worker, which begins with the large one; once pg_dump has its
/// locks, or has ended, somebody queues an ALTER of t.
class Migrated {
 public:
  explicit Migrated(const std::string& name, const std::string& more = {})
      : database_(name,
                  "CREATE TABLE a_large AS SELECT repeat('x', 1000) AS a FROM generate_series(1, 2000);"
                  "CREATE TABLE t AS SELECT g AS a FROM generate_series(1, 10) g;" +
                      more) {
    recorder_.on_part = [this](const std::string& object) {
      if (object != "public.a_large" || alter_) return;
      database_.until("SELECT count(DISTINCT pid) = 2 FROM pg_locks WHERE relation = 'public.t'::regclass",
                      [this] { return vault_.has_partial_file(kGlobalsFile); });
      alter_.emplace(database_, std::vector<std::string>{"ALTER TABLE public.t ADD COLUMN b int"});
      database_.until_queued("public.t");
      if (hold_until) hold_until();
    };
  }
  Manifest back_up(backup::LockPolicy policy = backup::LockPolicy::warn) {
    return vault_.back_up(database_, recorder_, [policy](backup::BackupOptions& options) {
      options.jobs = 1;
      options.lock_policy = policy;
    });
  }
  const LiveDatabase& database() const { return database_; }
  const Vault& vault() const { return vault_; }
  const Recorder& recorder() const { return recorder_; }
  Beside& alter() { return *alter_; }
  /// The first part is not copied before this has returned; the ALTER waits by then.
  std::function<void()> hold_until;

 private:
  LiveDatabase database_;
  Vault vault_;
  Recorder recorder_;
  std::optional<Beside> alter_;
};

TEST(BackupLocks, AnAlterThatQueuesBehindThemDoesNotStopTheBackup) {
  Migrated migrated("locks_lane", "CREATE VIEW v AS SELECT * FROM t; ALTER TABLE t ADD CHECK (a > 0);");
  const Manifest manifest = migrated.back_up();
  EXPECT_EQ(migrated.recorder().count(
                "public.t: somebody waits to change it; copied by the session that holds its lock"),
            1)
      << migrated.recorder().messages();
  EXPECT_EQ(migrated.recorder().count("starting again"), 0) << migrated.recorder().messages();
  EXPECT_EQ(relation(manifest, "public", "t").columns, std::vector<std::string>{"a"});
  EXPECT_EQ(relation(manifest, "public", "t").digest.rows, 10U);
  EXPECT_EQ(migrated.alter().end(), "");
  EXPECT_EQ(migrated.vault().restore(migrated.database()), "");
}

TEST(BackupLocks, WhoWaitsForThemIsTold) {
  Migrated migrated("locks_warn");
  const std::string told =
      "of postgres waits for a lock of this backup: ALTER TABLE public.t ADD COLUMN b int";
  migrated.hold_until = [&] {
    for (int i = 0; i < 3000 && migrated.recorder().count(told) == 0; ++i) std::this_thread::sleep_for(20ms);
  };
  migrated.back_up();
  EXPECT_EQ(migrated.recorder().count(told), 1) << migrated.recorder().messages();
  EXPECT_EQ(migrated.recorder().count("starting again"), 0) << migrated.recorder().messages();
}

TEST(BackupLocks, WithThePolicyYieldTheOtherGoesFirst) {
  Migrated migrated("locks_yield");
  migrated.hold_until = [&] {
    // The watch yields to who has waited for a second; then it looks no more, which it does every 0.2 to 1 s.
    migrated.database().until(
        "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE query LIKE 'SELECT DISTINCT w.pid%' AND state = "
        "'idle'"
        " AND query_start < clock_timestamp() - interval '3 s')");
  };
  const Manifest manifest = migrated.back_up(backup::LockPolicy::yield);
  EXPECT_EQ(migrated.recorder().count("starting again: session"), 1) << migrated.recorder().messages();
  EXPECT_EQ(relation(manifest, "public", "t").columns, (std::vector<std::string>{"a", "b"}));
}

TEST(BackupLocks, SomebodyBeforePgDumpInTheQueueIsLetThroughAndTheBackupStartsAgain) {
  const LiveDatabase database("locks_queue", "CREATE TABLE t AS SELECT 1 AS a;");
  const Vault vault;
  Recorder recorder;
  std::optional<Beside> alter;
  recorder.on_phase = [&](const std::string& phase) {
    if (phase != "plan" || alter) return;
    alter.emplace(database, std::vector<std::string>{"ALTER TABLE public.t ADD COLUMN b int"});
    database.until_queued("public.t");
  };
  const Manifest manifest = vault.back_up(database, recorder);
  EXPECT_EQ(recorder.count("starting again: pg_dump has to wait for others: session"), 1)
      << recorder.messages();
  EXPECT_EQ(relation(manifest, "public", "t").columns, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(vault.restore_and_compare(database), "");
}

/// The migration that everybody writes: drop the view, alter its table, make the view again.
TEST(BackupLocks, AMigrationThatHoldsAViewAndWaitsForItsTableDoesNotHangTheBackup) {
  const LiveDatabase database("locks_view",
                              "CREATE TABLE t AS SELECT 1 AS a; CREATE VIEW v AS SELECT * FROM t;");
  const Vault vault;
  Recorder recorder;
  std::optional<Beside> migration;
  recorder.on_phase = [&](const std::string& phase) {
    if (phase != "plan" || migration) return;
    migration.emplace(
        database, std::vector<std::string>{"BEGIN; DROP VIEW public.v; ALTER TABLE public.t ADD COLUMN b int;"
                                           " CREATE VIEW public.v AS SELECT * FROM public.t; COMMIT"});
    database.until_queued("public.t");
  };
  vault.back_up(database, recorder);
  EXPECT_GE(recorder.count("starting again"), 1) << recorder.messages();
  EXPECT_EQ(migration->end(), "");
  EXPECT_EQ(vault.restore_and_compare(database), "");
}

TEST(BackupLocks, ALongLockIsWaitedForOnlySoLongAndStallsNobodyElseLonger) {
  const LiveDatabase database("locks_timeout", "CREATE TABLE u (a int); CREATE TABLE z_held (a int);");
  const Vault vault;
  Connection holder = database.connect();
  holder.query("BEGIN; LOCK TABLE z_held IN ACCESS EXCLUSIVE MODE");
  std::optional<Ran> ran;
  std::atomic<bool> over = false;
  std::thread backup([&] {
    ran = vault.back_up(database, {"--lock-timeout", "0.5"});
    over = true;
  });
  database.until_queued("z_held");
  // The leader holds u; who alters it queues, and a reader queues behind that.
  Beside alter(database, {"ALTER TABLE u ADD COLUMN b int"});
  EXPECT_EQ(alter.end(), "");
  database.psql("SELECT count(*) FROM u;");
  EXPECT_FALSE(over) << "they were held up for all its attempts";
  backup.join();
  EXPECT_EQ(ran->status, 1);
  EXPECT_NE(ran->err.find("gave up after 6 attempts: locking the tables: "), std::string::npos) << ran->err;
  EXPECT_NE(ran->err.find("lock timeout"), std::string::npos) << ran->err;
  EXPECT_NE(ran->err.find("--lock-timeout"), std::string::npos) << ran->err;
  EXPECT_TRUE(vault.debris().empty());
}

TEST(BackupLocks, ALongRefreshOfAMaterializedViewIsNoReasonToFail) {
  const LiveDatabase database(
      "locks_refresh", "CREATE TABLE t AS SELECT 1 AS a; CREATE MATERIALIZED VIEW m AS SELECT * FROM t;");
  const Vault vault;
  Connection refresher = database.connect();
  refresher.query("BEGIN; REFRESH MATERIALIZED VIEW m");
  std::optional<Ran> ran;
  std::thread backup([&] { ran = vault.back_up(database, {"--lock-timeout", "0.3"}); });
  std::string before = "-infinity";
  for (int time_outs = 0; time_outs < 3; ++time_outs) {
    database.until(
        "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE query = 'ROLLBACK TO SAVEPOINT inventory'"
        " AND query_start > '" +
        before + "')");
    before = database.value("SELECT clock_timestamp()");
  }
  refresher.query("COMMIT");
  backup.join();
  EXPECT_EQ(ran->status, 0) << ran->err;
  EXPECT_EQ(ran->err.find("starting again"), std::string::npos) << ran->err;
}

TEST(BackupLocks, WorkersHoldFew) {
  const LiveDatabase database("locks_few",
                              "DO $$ BEGIN FOR i IN 1..200 LOOP EXECUTE 'CREATE TABLE t' || i || ' ()';"
                              " END LOOP; END $$;");
  const Vault vault;
  Recorder recorder;
  Connection looking = database.connect();
  int parts = 0;
  std::int64_t most = 0;
  recorder.on_part = [&](const std::string&) {
    if (++parts % 10 != 0) return;
    const Result rows = looking.query(
        "SELECT count(*) FROM pg_locks l JOIN pg_class c ON c.oid = relation JOIN pg_stat_activity a USING "
        "(pid)"
        " WHERE relnamespace = 'public'::regnamespace AND a.query LIKE '%NOWAIT;%COPY%' GROUP BY pid");
    for (int i = 0; i < rows.rows(); ++i) most = std::max(most, rows.integer(i, 0));
  };
  EXPECT_EQ(vault.back_up(database, recorder).summary.tables, 200U);
  EXPECT_GT(most, 0);
  EXPECT_LE(most, 16);
}

TEST(BackupLocks, NoneIsLeftWhenItIsOver) {
  const LiveDatabase database("locks_none", "CREATE TABLE t (a int);");
  const Vault vault;
  ASSERT_EQ(vault.back_up(database).status, 0);
  database.psql("SET lock_timeout = 100; ALTER TABLE t ADD COLUMN b int;");
}

}  // namespace
}  // namespace pgassay::test
