// The hole between listing, locking and the snapshot: DDL and TRUNCATE at any instant give the right rows or
// another try.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <set>
#include <sstream>

#include "backup/attempt.h"
#include "backup/lock_and_snapshot.h"
#include "core/postgres/session.h"
#include "tests/fixtures/live_backup.h"

namespace pgassay::test {
namespace {

constexpr auto kForEver = Beside::Times::for_ever;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::string name_of(const backup::Listed& listed, const std::string& oid) {
  for (const TableInfo& table : listed.tables) {
    if (to_string(table.oid) == oid) return table.name.shown();
  }
  return {};
}

/// The locks, the snapshot and the listing, held up in the midst of the locking, after the first listing: by
/// somebody who has public.a_first.
class HeldUp {
 public:
  explicit HeldUp(const LiveDatabase& database)
      : database_(database),
        holder_(database.connect()),
        leader_(database.connect()),
        lister_(database.connect()) {
    start_reading_session(leader_, kMoneyLocale);
    start_reading_session(lister_, kMoneyLocale);
    holder_.query("BEGIN; LOCK TABLE public.a_first IN ACCESS EXCLUSIVE MODE");
    thread_ = std::thread([this] {
      try {
        const backup::LockOptions options{Seconds(20), false};
        lock_and_snapshot(leader_, lister_, options, recorder_);
        listed_ = list_under_snapshot(leader_, lister_, options);
      } catch (const backup::TryAgain& again) {
        again_ = again.what();
      }
    });
    database.until_queued("public.a_first");
  }
  ~HeldUp() {
    if (thread_.joinable()) thread_.join();
  }
  void let_go() { holder_.query("COMMIT"); }
  const backup::Listed& listed() {
    if (thread_.joinable()) thread_.join();
    return listed_;
  }
  const std::string& again() {
    listed();
    return again_;
  }
  Connection& leader() { return leader_; }

 private:
  const LiveDatabase& database_;
  Connection holder_, leader_, lister_;
  Recorder recorder_;
  backup::Listed listed_;
  std::string again_;
  std::thread thread_;
};

TEST(BackupSnapshot, NeverFallsIntoATruncate) {
  const LiveDatabase database("snap_truncate",
                              "CREATE TABLE t (generation bigint, i int);"
                              "INSERT INTO t SELECT 0, g FROM generate_series(1, 100) g;"
                              "CREATE SEQUENCE generations;");
  const Vault vault;
  Beside loop(database,
              {"BEGIN; TRUNCATE t; INSERT INTO t SELECT g.n, i FROM (SELECT nextval('generations') AS n) g,"
               " generate_series(1, 100) i; COMMIT"},
              kForEver);
  for (int run = 0; run < 3; ++run) {
    const Ran ran = vault.back_up(database);
    ASSERT_EQ(ran.status, 0) << ran.err;
    std::set<std::string> generations;
    const auto rows =
        lines_of(stored_rows(vault.newest(database).dir, relation(vault.manifest(database), "public", "t")));
    for (const std::string& row : rows) generations.insert(row.substr(0, row.find('\t')));
    EXPECT_EQ(rows.size(), 100U);
    EXPECT_EQ(generations.size(), 1U);
  }
  EXPECT_GT(loop.halt(), 10);
}

TEST(BackupSnapshot, LocksATableWhoseNameIsAnothersByTheTimeItIsLocked) {
  const LiveDatabase database(
      "snap_renamed", "CREATE TABLE a_first (a int); CREATE TABLE b (a int); CREATE TABLE d (a int);");
  const std::string b = database.value("SELECT 'b'::regclass::oid"),
                    d = database.value("SELECT 'd'::regclass::oid");
  HeldUp held(database);
  database.psql("ALTER TABLE b RENAME TO c; ALTER TABLE d RENAME TO b; CREATE TABLE d (a int);");
  held.let_go();
  ASSERT_EQ(held.again(), "");
  EXPECT_EQ(name_of(held.listed(), b), "public.c");
  EXPECT_EQ(name_of(held.listed(), d), "public.b");
  EXPECT_EQ(
      database.value("SELECT count(DISTINCT l.relation) FROM pg_locks l JOIN pg_class c ON c.oid = relation"
                     " WHERE mode = 'AccessShareLock' AND granted AND relname IN ('a_first', 'b', 'c', 'd')"),
      "4");
}

TEST(BackupSnapshot, StartsAgainWhenAListedTableIsGone) {
  const LiveDatabase database("snap_gone", "CREATE TABLE a_first (a int); CREATE TABLE b (a int);");
  HeldUp held(database);
  database.psql("DROP TABLE b;");
  held.let_go();
  EXPECT_NE(held.again().find("public.b"), std::string::npos) << held.again();
  EXPECT_EQ(database.value("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND "
                           "state LIKE 'idle in%'"),
            "0");
}

TEST(BackupSnapshot, TakesALateArrivalAlong) {
  const LiveDatabase database("snap_late", "CREATE TABLE a_first (a int);");
  HeldUp held(database);
  database.psql("CREATE TABLE late AS SELECT 1 AS a;");
  held.let_go();
  ASSERT_EQ(held.again(), "");
  EXPECT_EQ(name_of(held.listed(), database.value("SELECT 'late'::regclass::oid")), "public.late");
}

TEST(BackupSnapshot, StartsAgainWhenALateArrivalIsTruncatedBeforeItsLock) {
  const LiveDatabase database("snap_late_truncated", "CREATE TABLE a_first (a int);");
  HeldUp held(database);
  database.psql("CREATE TABLE late AS SELECT 1 AS a;");
  Connection other = database.connect();
  other.query("BEGIN; TRUNCATE late");
  held.let_go();
  database.until_queued("late");  // the snapshot is there, and shows the row
  other.query("COMMIT");
  EXPECT_NE(held.again().find("public.late"), std::string::npos) << held.again();
}

TEST(BackupSnapshot, KeepsTruncateAwayOnceItIsTaken) {
  const LiveDatabase database("snap_kept", "CREATE TABLE a_first (a int); CREATE TABLE t AS SELECT 1 AS a;");
  HeldUp held(database);
  held.let_go();
  ASSERT_EQ(held.again(), "");
  Connection other = database.connect();
  EXPECT_THROW(other.query("SET lock_timeout = 50; TRUNCATE t"), ServerError);
}

TEST(BackupSnapshot, StartsAgainWhenASchemaTookTheNameOfAnother) {
  const LiveDatabase database("snap_schemas",
                              "CREATE SCHEMA x; CREATE SCHEMA y; CREATE TABLE x.t AS SELECT 1 AS a;"
                              "CREATE TABLE y.t AS SELECT 2 AS a; CREATE TABLE z AS SELECT 3 AS a;");
  const Vault vault;
  Recorder recorder;
  int swaps = 0;
  recorder.on_phase = [&](const std::string& phase) {
    if (phase == "data" && swaps++ == 0) {
      database.psql("ALTER SCHEMA x RENAME TO w; ALTER SCHEMA y RENAME TO x; ALTER SCHEMA w RENAME TO y;");
    }
  };
  const Manifest manifest = vault.back_up(database, recorder);
  EXPECT_EQ(recorder.count("starting again"), 1) << recorder.messages();
  EXPECT_EQ(stored_rows(vault.newest(database).dir, relation(manifest, "x", "t")), "2\n");
  EXPECT_EQ(stored_rows(vault.newest(database).dir, relation(manifest, "y", "t")), "1\n");
}

TEST(BackupSnapshot, StartsAgainWhenASchemaGotAnotherNameThoughNoRowsOfItAreCopied) {
  const LiveDatabase database("snap_schema_renamed",
                              "CREATE SCHEMA x; CREATE TABLE x.t (a int); CREATE TABLE u AS SELECT 1 AS a;");
  const Vault vault;
  Recorder recorder;
  int times = 0;
  recorder.on_part = [&](const std::string&) {
    if (times++ == 0) database.psql("ALTER SCHEMA x RENAME TO y;");
  };
  vault.back_up(database, recorder, [](backup::BackupOptions& options) {
    options.tables.exclude = {"x.*", "y.*"};
  });
  EXPECT_EQ(recorder.count("starting again: x.t: its schema was renamed"), 1) << recorder.messages();
  EXPECT_EQ(vault.restore(database), "");
}

TEST(BackupSnapshot, GoesOnWhenATableBecomesAnExtensionsOwn) {
  const LiveDatabase database("snap_extension", "CREATE EXTENSION hstore; CREATE TABLE t AS SELECT 1 AS a;");
  const Vault vault;
  Recorder recorder;
  recorder.on_part = [&](const std::string&) { database.psql("ALTER EXTENSION hstore ADD TABLE t;"); };
  const Manifest manifest = vault.back_up(database, recorder);
  EXPECT_EQ(recorder.count("starting again"), 0) << recorder.messages();
  EXPECT_EQ(relation(manifest, "public", "t").digest.rows, 1U);
}

/// DDL locks a table before its children. Who has a child and waits for the parent, which the DDL has, would
/// be in its way for ever, and the server would end one of the two.
TEST(BackupSnapshot, LocksParentsBeforeTheirChildren) {
  const LiveDatabase database(
      "snap_children",
      "CREATE TABLE a_first (a int); CREATE TABLE t (a int) PARTITION BY LIST (a);"
      "CREATE TABLE a_1 PARTITION OF t FOR VALUES IN (1); GRANT SELECT ON t TO PUBLIC;"
      "CREATE TABLE u (a int); CREATE TABLE a_2 () INHERITS (u);");
  for (const std::string parent : {"t", "u"}) {
    HeldUp held(database);
    Beside ddl(database, {"ALTER TABLE " + parent + " ADD COLUMN b int"});
    database.until("SELECT count(*) = 2 FROM pg_locks WHERE NOT granted");
    held.let_go();
    EXPECT_EQ(held.again(), "");
    held.leader().query("COMMIT");
    EXPECT_EQ(ddl.end(), "") << parent;
  }
}

TEST(BackupSnapshot, ADeadLeaderEndsTheRunAndLeavesNothing) {
  const LiveDatabase database("snap_dead",
                              "CREATE TABLE t AS SELECT 1 AS a; CREATE TABLE u AS SELECT 1 AS a;");
  const Vault vault;
  Recorder recorder;
  recorder.on_part = [&](const std::string&) {
    // The leader is the first of ours.
    database.psql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'pgassay backup'"
        " AND datname = current_database() ORDER BY backend_start LIMIT 1;");
  };
  try {
    vault.back_up(database, recorder, [](backup::BackupOptions& options) { options.jobs = 1; });
    ADD_FAILURE() << "it was published";
  } catch (const Error& error) {
    EXPECT_EQ(error.exit(), Exit::failed);
    // The server's own words, unless its end of the connection was gone before they were read.
    const std::string words = error.what();
    EXPECT_TRUE(words.find("terminating connection") != std::string::npos ||
                words.find("was lost") != std::string::npos)
        << words;
  }
  EXPECT_TRUE(vault.debris().empty());
  EXPECT_TRUE(vault.repository().list().empty());
}

/// The lock table of this server has room for some 150 relations.
TEST(BackupSnapshot, WithoutRoomForItsLocksItLocksEachTableWhenItIsCopied) {
  const LocalServer server({{"max_connections", "10"}, {"max_locks_per_transaction", "10"}});
  const LiveDatabase database("snap_lean", "", "", server);
  for (int i = 0; i < 4; ++i) {
    database.psql(fmt::format(
        "DO $$ BEGIN FOR i IN {}..{} LOOP EXECUTE 'CREATE TABLE t' || i || ' AS SELECT ' || i || ' AS a';"
        " END LOOP; END $$;",
        i * 50 + 1, i * 50 + 50));
  }
  const Vault vault;
  Recorder recorder;
  int runs = 0;
  recorder.on_phase = [&](const std::string& phase) {
    if (phase == "data" && runs++ == 0) database.psql("TRUNCATE t7; INSERT INTO t7 VALUES (8), (9);");
  };
  const Manifest manifest = vault.back_up(database, recorder);
  EXPECT_EQ(recorder.count("the server's lock table is too small to hold 200 tables locked"), 1)
      << recorder.messages();
  EXPECT_EQ(recorder.count("starting again: public.t7"), 1) << recorder.messages();
  EXPECT_EQ(relation(manifest, "public", "t7").digest.rows, 2U);
  EXPECT_EQ(manifest.summary.rows, 201U);
}

}  // namespace
}  // namespace pgassay::test
