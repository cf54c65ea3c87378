// Restores that are killed, cut off or told to stop, and gone on with.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <atomic>

#include "restore/resume.h"
#include "restore/whole/restore.h"
#include "tests/fixtures/child.h"
#include "tests/fixtures/killed.h"
#include "tests/fixtures/round_trip.h"
#include "tests/fixtures/sample_sql.h"
#include "tests/fixtures/temporary_dir.h"

namespace pgassay::test {
namespace {

/// Empty when stock tools find no difference.
std::string stock_differences(const std::string& database) {
  const Ended ended =
      run_child({"bash", std::string(PGASSAY_SOURCE_DIR) + "/tests/fixtures/compare_databases.sh",
                 shared_server().conninfo(database), bare_server().conninfo(database)});
  return ended.status == 0 ? "" : ended.out + ended.err;
}

restore::IntoEmpty resumed() {
  restore::IntoEmpty options = created();
  options.resume = true;
  return options;
}

void drop_copy(const Database& source) {
  bare_server().psql("postgres",
                     fmt::format("SET client_min_messages = error; DROP DATABASE IF EXISTS {} WITH (FORCE);",
                                 quote_identifier(source.name())));
}

bool recorded(const Database& source) {
  return source.copied_value("SELECT count(*) FROM pg_namespace WHERE nspname = 'pgassay_restore'") == "1";
}

/// Tables of one part, frozen or not, rows that are given to the leaves anew, an empty one, large objects, an
/// index.
constexpr const char* kSmallShop = R"(
  CREATE TABLE small AS SELECT g AS a FROM generate_series(1, 100) g;
  CREATE TABLE frozen AS SELECT g AS a, repeat('x', 200) AS b FROM generate_series(1, 6000) g;
  CREATE TABLE none (a int);
  CREATE TABLE hashed (a int) PARTITION BY HASH (a);
  CREATE TABLE hashed_0 PARTITION OF hashed FOR VALUES WITH (MODULUS 2, REMAINDER 0);
  CREATE TABLE hashed_1 PARTITION OF hashed FOR VALUES WITH (MODULUS 2, REMAINDER 1);
  INSERT INTO hashed SELECT generate_series(1, 50);
  CREATE INDEX small_a ON small (a);
  CREATE MATERIALIZED VIEW seen AS SELECT count(*) FROM small;
  SELECT lo_from_bytea(101, decode(repeat('00ff', 5000), 'hex')); COMMENT ON LARGE OBJECT 101 IS 'one';
)";

TEST(Resume, LoadsNoRowTwiceWhereverTheRestoreWasKilled) {
  const Database source("killed", kSmallShop);
  const RoundTrip trip;
  const Backup backup = trip.back_up("killed");
  for (int event = 1;; ++event) {
    SCOPED_TRACE(fmt::format("killed at event {}", event));
    drop_copy(source);
    KillsAt observer(event);
    if (!killed([&] { restore_backup(trip.repository(), backup, created(), observer, {}); })) {
      EXPECT_GT(event, 20);
      break;
    }
    const restore::RestoreReport report = trip.restore(backup, resumed());
    EXPECT_EQ(report.verdict, Verdict::pass);
    EXPECT_EQ(report.rows, 6150U);
    EXPECT_EQ(lines(report.lost), "");
    EXPECT_FALSE(recorded(source));
  }
  EXPECT_EQ(stock_differences("killed"), "");
}

TEST(Resume, IsRefusedWhereEventTriggersWouldRun) {
  const Database source("resume_event_trigger", kSmallShop);
  const RoundTrip trip;
  const Backup backup = trip.back_up(source.name());
  KillsAt observer(8);
  ASSERT_TRUE(killed([&] { restore_backup(trip.repository(), backup, created(), observer, {}); }));
  bare_server().psql(source.name(),
                     "CREATE FUNCTION note() RETURNS event_trigger LANGUAGE plpgsql AS "
                     "'BEGIN RAISE ''it ran''; END';"
                     "CREATE EVENT TRIGGER note ON ddl_command_start EXECUTE FUNCTION note();");
  try {
    trip.restore(backup, resumed());
    FAIL() << "no exception";
  } catch (const Refused& error) {
    EXPECT_NE(std::string(error.what()).find("with the rights of the restore: note"), std::string::npos)
        << error.what();
  }
  bare_server().psql(source.name(), "DROP EVENT TRIGGER note; DROP FUNCTION note;");
  EXPECT_EQ(trip.restore(backup, resumed()).verdict, Verdict::pass);
}

TEST(Resume, GetsToTheEndThoughEveryAttemptIsKilled) {
  const Database source("often", kSmallShop);
  const RoundTrip trip;
  const Backup backup = trip.back_up("often", {"frozen", "none", "hashed"});
  int attempts = 0;
  const auto attempt = [&] {
    KillsAt observer(4 + attempts);
    restore_backup(trip.repository(), backup, resumed(), observer, {});
  };
  while (killed(attempt)) ASSERT_LT(++attempts, 30);
  EXPECT_GT(attempts, 5);
  EXPECT_EQ(stock_differences("often"), "");
}

TEST(Resume, MakesTheRestOfASchemaThatWasMadeInPart) {
  const Database source("sample", "SELECT 1;", "TEMPLATE template0 ENCODING 'UTF8'");
  source.psql(sample_sql(shared_server()));
  const RoundTrip trip;
  const Backup backup = trip.back_up("sample");
  // The sample has an object of nearly every kind. 1000: after all of them, before that is on record.
  const std::pair<const char*, int> deaths[] = {
      {"pre-data", 60}, {"pre-data", 130}, {"pre-data", 1000}, {"post-data", 40}, {"post-data", 1000}};
  for (const auto& [section, entries] : deaths) {
    SCOPED_TRACE(fmt::format("{}: {}", section, entries));
    const TemporaryDir dir;
    ASSERT_TRUE(killed([&, section = section, entries = entries] {
      use_deadly_pg_restore(dir.path(), bare_server().bin_dir(), section, entries);
      trip.restore(backup, resumed());
    }));
  }
  const restore::RestoreReport report = trip.restore(backup, resumed());
  EXPECT_TRUE(report.resumed) << lines(report.notes);
  EXPECT_EQ(lines(report.lost), "");
  EXPECT_EQ(report.verdict, Verdict::pass);
  EXPECT_EQ(stock_differences("sample"), "");
}

/// Ends the server's sessions of the restore when the first part begins.
class CutsTheConnection : public Observer {
 public:
  void part_started(unsigned, std::string_view) override {
    if (done_.exchange(true)) return;
    bare_server().psql(
        "postgres",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'pgassay restore'");
  }

 private:
  std::atomic<bool> done_ = false;
};

TEST(Resume, SaysAfterALostConnectionWhatIsThereAndHowToGoOn) {
  const Database source("cut", kSmallShop);
  const RoundTrip trip;
  const Backup backup = trip.back_up("cut");
  CutsTheConnection observer;
  restore::IntoEmpty options = created();
  options.jobs = 1;
  try {
    restore_backup(trip.repository(), backup, options, observer, {});
    FAIL() << "no exception";
  } catch (const Error& error) {
    EXPECT_TRUE(
        std::string(error.what()).starts_with("table public.frozen: data/public.frozen.0000.copy.zst: "))
        << error.what();
    EXPECT_NE(std::string(error.what()).find("was lost"), std::string::npos) << error.what();
    EXPECT_NE(error.hint().find(
                  "database \"cut\" is restored in part only: its tables, 0 of 4 files of rows (0 of 6150 "
                  "rows), no indexes and constraints; to go on, say the same with --resume; to begin anew, "
                  "DROP DATABASE \"cut\""),
              std::string::npos)
        << error.hint();
    EXPECT_EQ(error.exit(), Exit::failed);
  }
  const restore::RestoreReport report = trip.restore(backup, resumed());
  EXPECT_EQ(report.verdict, Verdict::pass);
  EXPECT_EQ(report.rows, 6150U);
}

/// An unfinished restore of a database, whose first parts are in.
class ResumeUnfinished : public ::testing::Test {
 protected:
  ResumeUnfinished() : source_("unfinished", kSmallShop), backup_(trip_.back_up("unfinished")) {}
  void SetUp() override {
    KillsAt observer(8);
    ASSERT_TRUE(killed([&] { restore_backup(trip_.repository(), backup_, created(), observer, {}); }));
    ASSERT_TRUE(recorded(source_));
  }
  std::string refused(const Backup& backup, const restore::IntoEmpty& options) const {
    try {
      trip_.restore(backup, options);
      return "not refused";
    } catch (const Refused& error) {
      return fmt::format("{}: {}", error.what(), error.hint());
    }
  }

  const Database source_;
  const RoundTrip trip_;
  const Backup backup_;
};

TEST_F(ResumeUnfinished, IsNotGoneOnWithUnasked) {
  restore::IntoEmpty options = created();
  options.create = false;
  const std::string words = refused(backup_, options);
  EXPECT_NE(words.find("database \"unfinished\" holds an unfinished restore of " + backup_.id.shown()),
            std::string::npos)
      << words;
  EXPECT_NE(words.find("--resume"), std::string::npos) << words;
}

TEST_F(ResumeUnfinished, IsNotGoneOnWithFromAnotherBackup) {
  source_.psql("INSERT INTO small VALUES (0)");
  const std::string words = refused(trip_.back_up("unfinished"), resumed());
  EXPECT_NE(words.find("it is not gone on with from another backup"), std::string::npos) << words;
  EXPECT_NE(words.find("restore " + backup_.id.shown() + " with --resume"), std::string::npos) << words;
}

TEST_F(ResumeUnfinished, IsNotGoneOnWithInAnotherWay) {
  restore::IntoEmpty options = resumed();
  options.owners = false;
  const std::string words = refused(backup_, options);
  EXPECT_NE(words.find("with no options; it can't be gone on with --no-owner"), std::string::npos) << words;
}

TEST_F(ResumeUnfinished, IsLeftToTheRestoreThatIsAtWork) {
  Connection other = Connection::open(bare_server().connection("unfinished"), "another", {});
  other.query("SELECT pg_advisory_lock(31637061848604025)");
  try {
    trip_.restore(backup_, resumed());
    FAIL() << "no exception";
  } catch (const Error& error) {
    EXPECT_EQ(error.exit(), Exit::locked);
    EXPECT_NE(std::string(error.what()).find(fmt::format("backend {} of client local", other.backend_pid())),
              std::string::npos)
        << error.what();
  }
}

TEST_F(ResumeUnfinished, EndsWhatTheServerStillDoesForTheDeadOne) {
  Connection orphan = Connection::open(bare_server().connection("unfinished"), "pgassay restore", {});
  EXPECT_EQ(trip_.restore(backup_, resumed()).verdict, Verdict::pass);
  EXPECT_THROW(orphan.query("SELECT 1"), Error);
}

TEST(Resume, TellsAgainWhatWasLostBeforeTheInterruption) {
  const Database source("lost_before",
                        "CREATE ROLE lost_before_role; CREATE TABLE t AS SELECT 1 AS a;"
                        "ALTER TABLE t OWNER TO lost_before_role; CREATE TABLE u AS SELECT 2 AS a;");
  const RoundTrip trip;
  const Backup backup = trip.back_up("lost_before");
  restore::IntoEmpty options = created();
  options.roles = restore::Roles::none;
  KillsAt observer(6);  // check, create, roles, pre-data, data, its first part
  ASSERT_TRUE(killed([&] { restore_backup(trip.repository(), backup, options, observer, {}); }));
  options.resume = true;
  EXPECT_EQ(
      trip.restore(backup, options).lost,
      (std::vector<restore::Loss>{
          {restore::LossKind::object,
           "ALTER TABLE public.t OWNER TO lost_before_role",
           {},
           "ALTER TABLE public.t OWNER TO lost_before_role: role \"lost_before_role\" does not exist"}}));
}

/// Of a restore that is under way in a database of its own.
class ResumeRecord : public testing::Test {
 protected:
  ResumeRecord() { bare_server().create_database("resume_record"); }
  ~ResumeRecord() override { bare_server().drop_database("resume_record"); }

  /// What is found after a step has said that.
  restore::Unfinished after(restore::RestoreStep step, const restore::Loss& loss, const restore::Note& note) {
    std::vector<restore::Note> notes;
    Connection other = connect();
    restore::RestoreRecord record;
    record.open(bare_server().connection("resume_record"), {"a", "b", "c"},
                restore::find_unfinished(other).has_value(), other.backend_pid(), notes, {});
    EXPECT_EQ(lines(notes), "");
    record.begin(step);
    record.finish(step, std::vector{loss}, std::vector{note});
    return restore::find_unfinished(other).value();
  }
  static Connection connect() {
    return Connection::open(bare_server().connection("resume_record"), "test", {});
  }

  const restore::Loss loss_ = {restore::LossKind::large_object, "16\x01", "42704", "an owner: caf\xe9"};
  const restore::Note note_ = {restore::NoteKind::analyze, "t", "57014", "some words"};
};

TEST_F(ResumeRecord, KeepsKindObjectAndSqlstateOfWhatWasLost) {
  const restore::Unfinished left = after(restore::RestoreStep::data, loss_, note_);
  EXPECT_EQ(left.finished, (std::set{restore::RestoreStep::data}));
  EXPECT_EQ(left.lost, std::vector{loss_});
  EXPECT_EQ(left.notes, std::vector{note_});
}

TEST_F(ResumeRecord, IsReadAndWrittenAsAnOlderPgassayMadeIt) {
  after(restore::RestoreStep::roles, loss_, note_);
  connect().query(
      "ALTER TABLE pgassay_restore.said DROP COLUMN kind, DROP COLUMN object, DROP COLUMN sqlstate");
  const restore::Unfinished left = after(restore::RestoreStep::data, loss_, note_);
  const restore::Loss told{restore::LossKind::unknown, {}, {}, loss_.text};
  EXPECT_EQ(left.lost, (std::vector{told, told}));
  EXPECT_EQ(left.notes.size(), 2U);
}

TEST(Resume, BeginsAtTheBeginningWhereThereIsNothing) {
  const Database source("nothing", "CREATE TABLE t AS SELECT 1 AS a;");
  const RoundTrip trip;
  const Backup backup = trip.back_up("nothing");
  const restore::RestoreReport report = trip.restore(backup, resumed());
  EXPECT_FALSE(report.resumed);
  EXPECT_EQ(report.verdict, Verdict::pass);
  EXPECT_THROW(trip.restore(backup, resumed()), Refused) << "a finished one is not gone on with";
}

TEST(Resume, TakesItsRecordAwayUnseenByRestoredEventTriggers) {
  const Database source("watched", R"(CREATE TABLE seen (what text);
    CREATE FUNCTION note() RETURNS event_trigger LANGUAGE plpgsql AS
      $$ BEGIN INSERT INTO public.seen VALUES (tg_tag); END $$;
    CREATE EVENT TRIGGER always ON ddl_command_end EXECUTE FUNCTION note(); ALTER EVENT TRIGGER always ENABLE ALWAYS;
    CREATE EVENT TRIGGER drops ON sql_drop EXECUTE FUNCTION note();
    CREATE EVENT TRIGGER off ON ddl_command_start EXECUTE FUNCTION note(); ALTER EVENT TRIGGER off DISABLE;)");
  const RoundTrip trip;
  restore::RestoreReport report = trip.restore(trip.back_up("watched"));
  EXPECT_EQ(lines(report.lost), "");
  // Other tests leave roles on either server.
  std::erase_if(report.notes, [](const restore::Note& note) { return note.kind == restore::NoteKind::role; });
  EXPECT_EQ(lines(report.notes), "");
  EXPECT_FALSE(recorded(source));
  EXPECT_EQ(source.copied_value("SELECT count(*) FROM seen"), source.value("SELECT count(*) FROM seen"));
  EXPECT_EQ(stock_differences("watched"), "");
}

TEST(Resume, GoesOnInATableOfSeveralParts) {
  const Database source("parts",
                        "CREATE TABLE many AS SELECT g, repeat(md5(g::text), 8) AS x FROM"
                        " generate_series(1, 300000) g; CREATE INDEX ON many (g);");
  const RoundTrip trip;
  const Backup backup = trip.back_up("parts");
  restore::IntoEmpty options = created();
  options.jobs = 1;
  options.run_bytes = 20 << 20;
  // Of six parts or so three transactions: it is killed in the last one.
  struct KillsAtTheRow : Observer {
    void advanced(std::uint64_t, std::uint64_t rows) override {
      if ((seen += rows) > 250'000) ::kill(::getpid(), SIGKILL);
    }
    std::uint64_t seen = 0;
  } observer;
  ASSERT_TRUE(killed([&] { restore_backup(trip.repository(), backup, options, observer, {}); }));
  const int recorded = std::stoi(source.copied_value("SELECT count(*) FROM pgassay_restore.part"));
  EXPECT_GT(recorded, 0);
  EXPECT_LT(recorded, static_cast<int>(read_manifest(backup.dir).find({"public", "many"})->parts.size()));
  const restore::RestoreReport report = trip.restore(backup, resumed());
  EXPECT_EQ(report.verdict, Verdict::pass);
  EXPECT_EQ(report.rows, 300000U);
}

}  // namespace
}  // namespace pgassay::test
