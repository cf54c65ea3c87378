// A live database replaced by a backup of it: beside it, proved, names swapped.
#include "restore/whole/replace.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "restore/whole/database_names.h"
#include "tests/fixtures/killed.h"
#include "tests/fixtures/round_trip.h"
#include "tests/fixtures/run_pgassay.h"

namespace pgassay::test {
namespace {

/// A database of the bare server that is backed up there, changes, and is replaced by that backup. Everything
/// that bears its name goes at the end.
class Replace : public ::testing::Test {
 protected:
  Replace() : repository_(Repository::open_or_create(dir_.path() / "repository")) {}
  void TearDown() override { drop_all(); }

  /// With what a database can be tied to.
  static LocalServer& server() {
    static LocalServer server({{"wal_level", "logical"}, {"max_prepared_transactions", "5"}});
    return server;
  }
  static void sql(const std::string& script, const std::string& database = "postgres") {
    server().psql(database, script);
  }
  static std::string value(const std::string& query, const std::string& database = "postgres") {
    return server().value(database, query);
  }

  /// Of one row: the backup holds "then", the live database "now".
  Backup live(const std::string& name = "live") {
    name_ = name;
    server().create_database(name);
    sql("CREATE TABLE t AS SELECT 'then' AS a; CREATE INDEX t_a ON t (a); SELECT lo_from_bytea(7, 'x');",
        name);
    const Backup backup = back_up();
    sql("UPDATE t SET a = 'now';", name);
    return backup;
  }
  Backup back_up() const {
    backup::BackupOptions options;
    options.source = "test";
    options.connection = server().connection(name_);
    options.tool_version = "0";
    Observer silent;
    take_backup(repository_, options, silent, {});
    return *repository_.newest("test", name_);
  }

  restore::IntoEmpty options() const {
    restore::IntoEmpty options;
    options.connection = server().connection();
    options.into = name_;
    return options;
  }
  restore::Replaced replace(const Backup& backup) const { return replace(backup, options()); }
  restore::Replaced replace(const Backup& backup, const restore::IntoEmpty& options) const {
    Observer silent;
    return replace_database(repository_, backup, options, silent, {});
  }
  std::string refused(const Backup& backup, const restore::IntoEmpty& options) const {
    try {
      replace(backup, options);
      return "not refused";
    } catch (const Refused& error) {
      return fmt::format("{}: {}", error.what(), error.hint());
    }
  }
  std::string refused(const Backup& backup) const { return refused(backup, options()); }
  std::string holds() const { return value("SELECT a FROM t", name_); }
  restore::ReplaceNames names(const Backup& backup) const {
    return restore::replace_names(name_, backup.id.stamp, 63);
  }
  static std::string databases() {
    return value(
        "SELECT string_agg(datname, ' ' ORDER BY datname) FROM pg_database WHERE NOT datistemplate AND "
        "datname"
        " <> 'postgres'");
  }

  static void drop_all() {
    sql("SELECT format('DROP DATABASE %I WITH (FORCE)', datname) FROM pg_database WHERE datname <> "
        "'postgres' AND NOT"
        " datistemplate \\gexec");
  }

  TemporaryDir dir_;
  Repository repository_;
  std::string name_ = "live";
};

TEST_F(Replace, DoesNotGoOnWithADatabaseThatAnotherOwnerMayHaveMade) {
  const Backup backup = live("lure");
  const std::string beside = "lure_restoring_" + backup.id.stamp;
  sql("CREATE ROLE lure_tenant CREATEDB; CREATE DATABASE \"" + beside + "\" OWNER lure_tenant;");
  EXPECT_NE(refused(backup, options()).find("belongs to lure_tenant, who may have made it"),
            std::string::npos);
  sql("ALTER DATABASE \"" + beside + "\" OWNER TO postgres; DROP ROLE lure_tenant;");
  EXPECT_EQ(replace(backup).restored.verdict, Verdict::pass);
}

TEST_F(Replace, PutsTheBackupInThePlaceOfALiveDatabaseAndKeepsTheOldOne) {
  const Backup backup = live();
  const restore::Replaced done = replace(backup);
  EXPECT_EQ(done.restored.verdict, Verdict::pass);
  EXPECT_EQ(done.before, "live_before_" + backup.id.stamp);
  EXPECT_EQ(databases(), "live live_before_" + backup.id.stamp);
  EXPECT_EQ(holds(), "then");
  EXPECT_EQ(value("SELECT a FROM t", done.before), "now");
  EXPECT_EQ(value("SELECT count(*) FROM pg_namespace WHERE nspname = 'pgassay_restore'", "live"), "0");
  EXPECT_NE(lines(done.restored.notes).find("rows written to \"live\" after "), std::string::npos);
}

TEST_F(Replace, TakesOwnerPrivilegesSettingsAndCommentFromTheBackup) {
  sql("CREATE ROLE replace_owner; CREATE ROLE replace_reader; CREATE ROLE replace_new;");
  live("properties");
  sql(R"(ALTER DATABASE properties OWNER TO replace_owner; REVOKE CONNECT ON DATABASE properties FROM PUBLIC;
    GRANT CONNECT ON DATABASE properties TO replace_reader; COMMENT ON DATABASE properties IS 'it''s ours';
    ALTER DATABASE properties SET work_mem TO '7MB'; ALTER ROLE replace_reader IN DATABASE properties SET DateStyle TO 'German';
    ALTER DATABASE properties CONNECTION LIMIT 9;)");
  const std::string facts =
      "SELECT pg_get_userbyid(datdba), (SELECT array_agg(a ORDER BY a::text) FROM unnest(datacl) a), "
      "datconnlimit, shobj_description(oid, 'pg_database'),"
      " (SELECT string_agg(setrole::regrole::text || setconfig::text, ',' ORDER BY setrole) FROM "
      "pg_db_role_setting WHERE"
      " setdatabase = d.oid) FROM pg_database d WHERE datname = 'properties'";
  const std::string then = value(facts);
  const Backup backup = back_up();
  sql("COMMENT ON DATABASE properties IS NULL; ALTER DATABASE properties RESET ALL; GRANT CONNECT ON "
      "DATABASE properties TO"
      " replace_new; ALTER DATABASE properties CONNECTION LIMIT -1;");
  const restore::Replaced done = replace(backup);
  EXPECT_EQ(value(facts), then);
  EXPECT_NE(lines(done.restored.notes).find("CONNECT to replace_new"), std::string::npos)
      << lines(done.restored.notes);
}

TEST_F(Replace, TakesNamesOfAnyCharactersUpToTheLimit) {
  const std::string names[] = {"odd \"name' \\ é; --", "longest_" + std::string(55, 'x'),
                               "longé_" + std::string(28, 'x') + "éééééééééééééé"};
  for (const std::string& name : names) {
    SCOPED_TRACE(name);
    ASSERT_LE(name.size(), 63u);
    const Backup backup = live(name);
    const restore::Replaced done = replace(backup);
    EXPECT_LE(done.before.size(), 63u);
    EXPECT_EQ(holds(), "then");
    EXPECT_EQ(value("SELECT a FROM t", done.before), "now");
    EXPECT_EQ(drop_old_database(backup, options(), {}), done.before);
    EXPECT_EQ(databases(), name);
    drop_all();
  }
}

TEST_F(Replace, EndsTheSessionsOfClientsThatComeBackAtOnce) {
  const Backup backup = live();
  std::atomic<bool> halt = false;
  std::atomic<int> sessions = 0;
  std::vector<std::jthread> clients;
  for (int i = 0; i < 4; ++i)
    clients.emplace_back([&] {
      while (!halt) {
        try {
          Connection client = Connection::open(server().connection("live"), "client", {});
          ++sessions;
          for (;;) client.query("SELECT pg_sleep(0.01)");
        } catch (const Error&) {
          // Ended, or the name's bearer has changed while it came in: it tries again.
          if (halt) return;
        }
      }
    });
  while (sessions < 4) std::this_thread::yield();
  const restore::Replaced done = replace(backup);
  EXPECT_GE(done.sessions, 4U);
  EXPECT_EQ(holds(), "then");
  halt = true;
  sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'client';");
}

TEST_F(Replace, RefusesWhatTheSwapWouldHurtAndNamesItAll) {
  const Backup backup = live();
  sql("CREATE SUBSCRIPTION s CONNECTION 'host=/nowhere' PUBLICATION p WITH (connect = false, slot_name = "
      "NONE);",
      "live");
  sql("SELECT pg_create_logical_replication_slot('slot_of_live', 'test_decoding');"
      "BEGIN; UPDATE t SET a = 'prepared'; PREPARE TRANSACTION 'of live';",
      "live");
  const std::string words = refused(backup);
  for (const char* what : {"subscription s", "replication slot slot_of_live", "prepared transaction of live"})
    EXPECT_NE(words.find(what), std::string::npos) << words;
  EXPECT_EQ(databases(), "live");
  sql("ROLLBACK PREPARED 'of live'; SELECT pg_drop_replication_slot('slot_of_live'); DROP SUBSCRIPTION s;",
      "live");
  EXPECT_EQ(replace(backup).before, names(backup).before);
}

TEST_F(Replace, RefusesTemplatesTheServersOwnAndWhatIsNotThere) {
  const Backup backup = live();
  for (const char* name : {"postgres", "template1"}) {
    restore::IntoEmpty other = options();
    other.into = name;
    EXPECT_NE(refused(backup, other).find("belongs to the server"), std::string::npos)
        << refused(backup, other);
  }
  restore::IntoEmpty absent = options();
  absent.into = "no such database";
  EXPECT_NE(refused(backup, absent).find("there is no database \"no such database\""), std::string::npos);
  sql("ALTER DATABASE live IS_TEMPLATE true;");
  EXPECT_NE(refused(backup).find("it is a template"), std::string::npos);
  sql("ALTER DATABASE live IS_TEMPLATE false;");
}

TEST_F(Replace, RefusesARoleThatMayNotRename) {
  sql("CREATE ROLE replace_weak LOGIN;");
  const Backup backup = live();
  restore::IntoEmpty weak = options();
  weak.connection.parameters["user"] = "replace_weak";
  const std::string words = refused(backup, weak);
  EXPECT_NE(words.find("role replace_weak may not create databases"), std::string::npos) << words;
  EXPECT_NE(words.find("no member of its owner postgres"), std::string::npos) << words;
}

TEST_F(Replace, NeedsNoSuperuserWhereTheRoleOwnsTheDatabaseAndMayCreateMore) {
  sql("CREATE ROLE replace_maker LOGIN CREATEDB;");
  live();
  sql("SELECT lo_unlink(7);", "live");  // whose pages only a superuser may read, and so prove
  const Backup backup = back_up();
  sql("ALTER DATABASE live OWNER TO replace_maker;");
  restore::IntoEmpty maker = options();
  maker.connection.parameters["user"] = "replace_maker";
  maker.owners = false;
  maker.roles = restore::Roles::none;
  const restore::Replaced done = replace(backup, maker);
  EXPECT_EQ(lines(done.restored.lost), "");
  EXPECT_EQ(done.before, names(backup).before);
  EXPECT_NE(lines(done.restored.notes).find("the room on the server was not checked"), std::string::npos)
      << lines(done.restored.notes);
}

TEST_F(Replace, ReplacesADatabaseThatNobodyCanConnectTo) {
  const Backup backup = live();
  const std::string oid = value("SELECT oid FROM pg_database WHERE datname = 'live'");
  std::filesystem::resize_file(server().dir() / "data" / "base" / oid / "pg_filenode.map", 0);
  EXPECT_THROW(Connection::open(server().connection("live"), "test", {}), Error);
  EXPECT_EQ(replace(backup).restored.verdict, Verdict::pass);
  EXPECT_EQ(holds(), "then");
}

TEST_F(Replace, SwapsNothingWhenSomethingWasLost) {
  sql("CREATE ROLE replace_gone;");
  live("incomplete");
  sql("UPDATE t SET a = 'then'; ALTER TABLE t OWNER TO replace_gone;", "incomplete");
  const Backup backup = back_up();
  sql("UPDATE t SET a = 'now'; ALTER TABLE t OWNER TO postgres;", "incomplete");
  sql("DROP ROLE replace_gone;");
  restore::IntoEmpty options = this->options();
  options.roles = restore::Roles::none;
  const restore::Replaced done = replace(backup, options);
  EXPECT_EQ(done.before, "");
  EXPECT_EQ(done.restored.lost.size(), 1U) << lines(done.restored.lost);
  EXPECT_EQ(holds(), "now");
  EXPECT_EQ(value("SELECT a FROM t", done.beside), "then");
  EXPECT_EQ(replace(backup, options).restored.lost.size(), 1U) << "it is said again";
}

TEST_F(Replace, LeavesTheDatabaseAloneWhenTheBackupIsDamaged) {
  const Backup backup = live();
  std::filesystem::resize_file(backup.dir.path() / "data/public.t.0000.copy.zst", 3);
  try {
    replace(backup);
    FAIL() << "no exception";
  } catch (const Error& error) {
    EXPECT_EQ(error.exit(), Exit::bad_backup);
    EXPECT_NE(error.hint().find("database \"live\" is as it was"), std::string::npos) << error.hint();
  }
  EXPECT_EQ(databases(), "live");
  EXPECT_EQ(holds(), "now");
}

TEST_F(Replace, DropsTheOldOneOnlyWhenToldAndNothingElse) {
  const Backup backup = live();
  EXPECT_THROW(drop_old_database(backup, options(), {}), Refused) << "nothing was replaced yet";
  EXPECT_EQ(databases(), "live");
  const std::string before = replace(backup).before;
  EXPECT_NE(refused(backup).find("exists: this backup has replaced it before"), std::string::npos);
  {
    Connection somebody = Connection::open(server().connection(before), "somebody", {});
    EXPECT_THROW(drop_old_database(backup, options(), {}), Error) << "somebody looks at it";
  }
  sql("ALTER DATABASE live RENAME TO live_away;");
  EXPECT_THROW(drop_old_database(backup, options(), {}), Refused) << "it is the only one left";
  sql("ALTER DATABASE live_away RENAME TO live;");
  EXPECT_EQ(drop_old_database(backup, options(), {}), before);
  EXPECT_EQ(databases(), "live");
  EXPECT_EQ(holds(), "then");
}

TEST_F(Replace, LeavesOneWholeDatabaseWhereverItIsKilled) {
  const Backup backup = live();
  // What each of them leaves of the copy, and that it is gone on with, is tested of restores into new
  // databases.
  for (int event = 1;; event += 4) {
    SCOPED_TRACE(fmt::format("killed at event {}", event));
    KillsAt observer(event);
    if (!killed([&] { replace_database(repository_, backup, options(), observer, {}); })) break;
    EXPECT_EQ(holds(), "now");
    const restore::Replaced done = replace(backup);
    EXPECT_EQ(done.before, names(backup).before);
    EXPECT_EQ(holds(), "then");
    EXPECT_EQ(databases(), "live " + done.before);
    sql("DROP DATABASE live;");
    sql("ALTER DATABASE " + quote_identifier(done.before) + " RENAME TO live;");
  }
}

/// Kills the process some time after the swap began.
class KillsInTheSwap : public Observer {
 public:
  explicit KillsInTheSwap(std::chrono::milliseconds after) : after_(after) {}
  void phase(std::string_view name) override {
    if (name != "swap") return;
    killer_ = std::jthread([this] {
      std::this_thread::sleep_for(after_);
      KillsAt(1).phase("now");
    });
  }

 private:
  std::chrono::milliseconds after_;
  std::jthread killer_;
};

TEST_F(Replace, LeavesOneWholeDatabaseWheneverItIsKilledInTheSwap) {
  const Backup backup = live();
  for (const int ms : {2, 5, 8, 11, 14, 17, 20, 30, 45}) {
    SCOPED_TRACE(fmt::format("killed {} ms after the swap began", ms));
    // It may have ended by then.
    killed([&] {
      KillsInTheSwap observer{std::chrono::milliseconds(ms)};
      replace_database(repository_, backup, options(), observer, {});
    });
    const restore::ReplaceNames both = names(backup);
    const bool swapped = databases() == "live " + both.before;
    if (!swapped) {
      EXPECT_EQ(databases(), "live " + both.beside);
      EXPECT_EQ(holds(), "now");
      EXPECT_EQ(replace(backup).before, both.before);
    }
    EXPECT_EQ(holds(), "then");
    EXPECT_EQ(value("SELECT a FROM t", both.before), "now");
    sql("DROP DATABASE live;");
    sql("ALTER DATABASE " + quote_identifier(both.before) + " RENAME TO live;");
  }
}

TEST_F(Replace, IsUndoneWhereItIsKilledWhileItWaitsForALock) {
  const Backup backup = live();
  Connection holder = Connection::open(server().connection(), "holder", {});
  holder.query("BEGIN; COMMENT ON DATABASE live IS 'locked'");
  ASSERT_TRUE(killed([&] {
    KillsInTheSwap observer{std::chrono::milliseconds(1000)};
    replace_database(repository_, backup, options(), observer, {});
  }));
  holder.query("ROLLBACK");
  EXPECT_EQ(databases(), "live " + names(backup).beside);
  EXPECT_EQ(holds(), "now");
  const restore::Replaced done = replace(backup);
  EXPECT_EQ(done.before, names(backup).before);
  EXPECT_NE(lines(done.restored.notes).find("an interrupted run left whole; it is proved again"),
            std::string::npos)
      << lines(done.restored.notes);
  EXPECT_EQ(holds(), "then");
}

TEST_F(Replace, NamesTheSessionsThatItCouldNotEnd) {
  sql("CREATE ROLE replace_weaker LOGIN CREATEDB;");
  live();
  sql("SELECT lo_unlink(7);", "live");
  const Backup backup = back_up();
  sql("ALTER DATABASE live OWNER TO replace_weaker;");
  Connection superuser = Connection::open(server().connection("live"), "not theirs to end", {});
  restore::IntoEmpty weaker = options();
  weaker.connection.parameters["user"] = "replace_weaker";
  weaker.owners = false;
  weaker.roles = restore::Roles::none;
  try {
    replace(backup, weaker);
    FAIL() << "no exception";
  } catch (const Error& error) {
    EXPECT_NE(
        std::string(error.what()).find(fmt::format("backend {} of role postgres", superuser.backend_pid())),
        std::string::npos)
        << error.what();
    EXPECT_NE(error.hint().find("the copy \"" + names(backup).beside + "\" is whole: say the same again"),
              std::string::npos)
        << error.hint();
  }
  EXPECT_EQ(superuser.query("SELECT a FROM t").text(0, 0), "now");
}

TEST_F(Replace, TellsTheNewNamesAndTheCommandThatDropsTheOldOne) {
  const Backup backup = live("o'clock");
  const auto run = [&](std::vector<std::string> more) {
    std::vector<std::string> words = {"restore",           "latest", "-d",
                                      server().conninfo(), "--repo", repository_.root().string(),
                                      "--replace",         name_};
    words.insert(words.end(), more.begin(), more.end());
    return pgassay(words);
  };
  const Ran refused = run({"--no-prove"});
  EXPECT_EQ(refused.status, 2);
  EXPECT_NE(refused.err.find("--replace without a proof is refused"), std::string::npos) << refused.err;
  EXPECT_EQ(run({"--create"}).status, 2);
  EXPECT_EQ(run({"--drop-old"}).status, 6) << "nothing was replaced yet";

  const Ran replaced = run({});
  EXPECT_EQ(replaced.status, 0) << replaced.err;
  // It is run as it is printed by Hints.AReplacedDatabaseIsDropped….
  const std::string next =
      fmt::format(" 'test/o'\\''clock/{}' --replace 'o'\\''clock' --drop-old", backup.id.stamp);
  EXPECT_NE(replaced.out.find(next), std::string::npos) << replaced.out;
  const std::string before = names(backup).before;
  EXPECT_NE(replaced.out.find("replaced o'clock: the old one is " + before), std::string::npos)
      << replaced.out;

  const Ran dropped = run({"--drop-old", "--json"});
  EXPECT_EQ(dropped.status, 0) << dropped.err;
  EXPECT_EQ(nlohmann::json::parse(dropped.out).at("replace").at("dropped"), before);
  const Ran again = run({"--json"});
  EXPECT_EQ(nlohmann::json::parse(again.out).at("replace").at("old"), before);
  EXPECT_EQ(nlohmann::json::parse(again.out).at("replace").at("replaced"), true);
}

}  // namespace
}  // namespace pgassay::test
