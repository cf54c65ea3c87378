// What an operator is told to do, done: each trouble is made to happen, the command is taken out of the hint
// as it was printed, run by a shell, and the trouble is gone.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/fixtures/hinted.h"
#include "tests/fixtures/killed.h"
#include "tests/fixtures/live_backup.h"
#include "tests/fixtures/paper_backups.h"
#include "tests/fixtures/place_of.h"
#include "tests/fixtures/replace_in_file.h"
#include "tests/fixtures/tamper.h"

namespace pgassay::test {
namespace {

/// One server for all of them, that knows prepared transactions.
LocalServer& hinting_server() {
  static LocalServer server(LocalServer::Settings{{"max_prepared_transactions", "5"}});
  return server;
}

/// A database "app", the source prod of a configuration, and a role that may not do much.
class Hints : public testing::Test {
 protected:
  Hints() {
    database_.server().psql("postgres", "CREATE ROLE \"the backup\" LOGIN");
    configure();
  }
  ~Hints() override {
    database_.psql("SELECT lo_unlink(oid) FROM pg_largeobject_metadata");
    database_.server().psql("app", "DROP OWNED BY \"the backup\"");
    database_.server().psql("postgres", "DROP ROLE \"the backup\"");
  }

  Path config() const { return dir_.path() / "the configuration.toml"; }
  void configure(const std::string& top = {}, const std::string& more = {}) const {
    replace_file(config(), top + "[drill]\nengine = \"local\"\n[source.prod]\ndbname = \"" +
                               database_.conninfo() + "\"\n" + more);
  }
  Ran run(std::vector<std::string> words) const {
    words.insert(words.end(), {"--config", config().string()});
    return vault_.run(words);
  }
  Ran doctor() const { return run({"doctor", "-q", "-d", of_role()}); }
  std::string of_role() const {
    std::string conninfo = database_.conninfo();
    return conninfo.replace(conninfo.find("user=postgres"), 13, "user='the backup'");
  }
  Ended back_up() const {
    const Ran ran = run({"backup", "-q", "prod"});
    EXPECT_EQ(ran.status, 0) << ran.err;
    return {ran.status, ran.out, ran.err};
  }

  /// The command of that text that begins so, run.
  static Ended follow(const std::string& text, const std::string& what,
                      const std::map<std::string, std::string>& places = {}) {
    for (const std::string& command : commands_in(text))
      if (command.starts_with("pgassay " + what)) return run_hinted(command, {}, places);
    ADD_FAILURE() << "no pgassay " << what << " in: " << text;
    return {};
  }
  /// The statement of that text that begins so: to its line's end, or to where the sentence goes on.
  static std::string statement(const std::string& text, const std::string& what) {
    const std::size_t begin = text.find(what);
    if (begin == std::string::npos) {
      ADD_FAILURE() << "no " << what << " in: " << text;
      return "SELECT 1";
    }
    const std::string rest = text.substr(begin, text.find('\n', begin) - begin);
    return rest.substr(0, std::min({rest.find(';'), rest.find(" ends it"), rest.find(" or ROLLBACK")}));
  }
  void execute(const std::string& text, const std::string& what, const std::string& in = "app") const {
    database_.server().psql(in, statement(text, what));
  }

  LiveDatabase database_{
      "app",
      "CREATE TABLE t AS SELECT generate_series(1, 1000) AS i; CREATE TABLE u AS SELECT 1 AS a",
      {},
      hinting_server()};
  TemporaryDir dir_;
  Vault vault_;
};

class HintsOfPrivileges : public Hints {
 protected:
  void expect_mended_by(const std::string& what) {
    const Ran before = doctor();
    EXPECT_EQ(before.status, 6) << before.out << before.err;
    execute(before.out, what);
    const Ran after = doctor();
    EXPECT_EQ(after.out.find(what), std::string::npos) << after.out;
  }
};

TEST_F(HintsOfPrivileges, Tables) {
  expect_mended_by("GRANT pg_read_all_data TO");
  EXPECT_EQ(doctor().status, 0);
}

TEST_F(HintsOfPrivileges, RowSecurity) {
  database_.server().psql(
      "app", "GRANT pg_read_all_data TO \"the backup\"; ALTER TABLE t ENABLE ROW LEVEL SECURITY");
  expect_mended_by("ALTER ROLE");
}

TEST_F(HintsOfPrivileges, LargeObjects) {
  database_.psql("SELECT lo_from_bytea(0, 'x'); GRANT SELECT ON t, u TO \"the backup\"");
  expect_mended_by("GRANT SELECT ON pg_catalog.pg_largeobject TO");
}

TEST_F(HintsOfPrivileges, TablesOfTomorrow) {
  database_.psql("GRANT SELECT ON t, u TO \"the backup\"");
  const Ran before = doctor();
  EXPECT_EQ(before.status, 0) << before.out;
  execute(before.out, "ALTER DEFAULT PRIVILEGES");
  database_.psql("CREATE TABLE later AS SELECT 1 AS a");
  const Ran after = doctor();
  EXPECT_EQ(after.status, 0) << after.out;
  EXPECT_EQ(after.out.find("ALTER DEFAULT PRIVILEGES"), std::string::npos) << after.out;
}

TEST_F(Hints, ASessionThatHoldsALockIsEnded) {
  Beside beside(database_, {"BEGIN; LOCK TABLE t IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(3600)"});
  database_.until(
      "SELECT count(*) > 0 FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND relation = 't'::regclass");
  const Ran ran = run({"backup", "-q", "prod", "--lock-timeout", "0.1"});
  EXPECT_EQ(ran.status, 1) << ran.err;
  execute(ran.err, "SELECT pg_terminate_backend(");
  beside.end();
  back_up();
}

TEST_F(Hints, AForgottenPreparedTransactionIsEnded) {
  database_.psql("BEGIN; LOCK TABLE t IN ACCESS EXCLUSIVE MODE; PREPARE TRANSACTION 'it''s mine'");
  const Ran ran = run({"doctor", "-q", "prod"});
  execute(ran.out, "ROLLBACK PREPARED");
  EXPECT_EQ(run({"doctor", "-q", "prod"}).out.find("PREPARED"), std::string::npos);
  back_up();
}

TEST_F(Hints, DatabasesThatAreClosedOrHalfDroppedAreOpenedOrDropped) {
  configure({}, "all_databases = true\n");
  const LiveDatabase other("other \"one\"", {}, {}, hinting_server()), half("half", {}, {}, hinting_server());
  const std::vector<std::string> night = {"nightly", "prod"};
  ASSERT_EQ(run(night).status, 0);
  other.server().psql("postgres",
                      "ALTER DATABASE \"other \"\"one\"\"\" ALLOW_CONNECTIONS false;"
                      "UPDATE pg_database SET datconnlimit = -2 WHERE datname = 'half'");
  const Ran ran = run(night);
  EXPECT_EQ(ran.status, 6) << ran.err;
  execute(ran.err, "ALTER DATABASE", "postgres");
  execute(ran.err, "DROP DATABASE \"half\"", "postgres");
  const Ran after = run(night);
  EXPECT_EQ(after.err.find("other"), std::string::npos) << after.err;
  EXPECT_EQ(after.err.find("interrupted"), std::string::npos) << after.err;
}

TEST_F(Hints, ATemplateWithObjectsIsBackedUp) {
  configure({}, "all_databases = true\n");
  const LiveDatabase mould("mould", "CREATE TABLE made AS SELECT 1 AS a", "IS_TEMPLATE true",
                           hinting_server());
  const Ran ran = run({"nightly", "prod"});
  EXPECT_EQ(ran.status, 0) << ran.err;
  const auto parameters = database_.server().connection().parameters;
  for (const std::string& command : commands_in(ran.err)) {
    if (!command.starts_with("pgassay backup")) continue;
    const Ended ended =
        run_hinted(command, {{"PGHOST", parameters.at("host")}, {"PGPORT", "5432"}, {"PGUSER", "postgres"}});
    EXPECT_EQ(ended.status, 0) << command << ended.err;
  }
  EXPECT_NE(run({"list"}).out.find("/mould/"), std::string::npos) << ran.err;
  database_.server().psql("postgres", "ALTER DATABASE mould IS_TEMPLATE false");
}

class HintsOfStatus : public Hints {
 protected:
  /// Status says so, what it says is done, and it says so no more.
  void expect_mended_by(const std::string& concern, const std::string& command) {
    const Ran before = run({"status"});
    EXPECT_NE(before.status, 0);
    EXPECT_NE(before.out.find(concern), std::string::npos) << before.out;
    const Ended ended = follow(before.out, command);
    EXPECT_EQ(ended.status, 0) << ended.out << ended.err;
    const Ran after = run({"status"});
    EXPECT_EQ(after.out.find(concern), std::string::npos) << after.out;
  }
};

TEST_F(HintsOfStatus, NoBackup) {
  Repository::open_or_create(vault_.root());
  expect_mended_by("there is no backup", "nightly");
  EXPECT_EQ(run({"status"}).status, 0);
}

TEST_F(HintsOfStatus, TooOld) {
  put_paper_backup(Repository::open_or_create(vault_.root()), "prod", "app", now() - std::chrono::days(3),
                   1000, 1000);
  expect_mended_by("the newest is 3.0 days old", "nightly");
}

TEST_F(HintsOfStatus, NeverVerified) {
  back_up();
  expect_mended_by("no backup was ever verified", "verify");
  EXPECT_EQ(run({"status"}).status, 0);
}

TEST_F(HintsOfStatus, EvidenceOfAWrongClock) {
  back_up();
  EXPECT_EQ(run({"verify", "-q", "prod/app/latest"}).status, 0);
  const Path evidence = vault_.repository().find("prod/app/latest").dir.path() / "evidence";
  for (const std::string& name : list_names(evidence))
    replace_in_file(evidence / name, "\"finished\": \"20", "\"finished\": \"21");
  expect_mended_by("evidence is dated after now", "verify");
  EXPECT_EQ(run({"status"}).status, 0);
}

TEST_F(HintsOfStatus, NeverDrilled) {
  configure("drill_every = \"7d\"\n");
  back_up();
  expect_mended_by("no backup was ever drilled", "drill");
  EXPECT_EQ(run({"status"}).status, 0) << "a drill is more than a verify";
}

TEST_F(HintsOfStatus, Shrunk) {
  back_up();
  database_.psql("DELETE FROM t");
  const Ran night = run({"nightly", "prod", "-q"});
  EXPECT_EQ(night.status, 6) << night.err;
  expect_mended_by("far less than it did", "accept");
  EXPECT_EQ(run({"nightly", "prod", "-q"}).status, 0);
}

TEST_F(Hints, WhatIsMisplacedIsMovedBack) {
  back_up();
  const Path home = vault_.root() / "prod/app", wrong = vault_.root() / "prod/another place";
  std::filesystem::rename(home, wrong);
  const Ran before = run({"list"});
  const std::size_t begin = before.err.find("mkdir -p ");
  ASSERT_NE(begin, std::string::npos) << before.err;
  const Ended ended = run_child({"sh", "-c", before.err.substr(begin, before.err.find(';', begin) - begin)});
  EXPECT_EQ(ended.status, 0) << ended.err;
  EXPECT_EQ(run({"verify", "-q", "prod/app/latest"}).status, 0);
}

TEST_F(HintsOfStatus, NoRoom) {
  const std::uint64_t all = std::uint64_t{1} << 60;
  put_paper_backup(Repository::open_or_create(vault_.root()), "prod", "app", now(), all, all);
  const Ran before = run({"status"});
  EXPECT_NE(before.out.find("a whole backup takes"), std::string::npos) << before.out;
  EXPECT_EQ(follow(before.out, "prune").status, 0);
}

TEST_F(HintsOfStatus, BadAndUnreadable) {
  back_up();
  const Backup first = vault_.repository().find("latest");
  flip_a_bit(first.dir.path() / "globals.sql");
  EXPECT_EQ(run({"verify", "-q"}).status, 3);
  const Ran bad = run({"status"});
  EXPECT_EQ(bad.status, 3);
  const Ended shown = follow(bad.out, "show");
  EXPECT_EQ(shown.status, 0) << shown.err;
  EXPECT_NE(shown.out.find("FAIL"), std::string::npos) << shown.out;

  flip_a_bit(first.dir.path() / "manifest.json");
  const Ran unreadable = run({"status"});
  const Ended verified = follow(unreadable.out, "verify");
  EXPECT_EQ(verified.status, 3) << "it says what is wrong";
  EXPECT_NE((verified.out + verified.err).find("manifest.json"), std::string::npos) << verified.err;
  const Ran listed = run({"list"});
  EXPECT_EQ(follow(listed.err, "verify").status, 3);
}

TEST_F(Hints, OfWhichSourceNameACommandThatGoesOn) {
  configure({}, fmt::format("[source.more]\ndbname = \"{}\"\n", database_.conninfo()));
  for (const char* command : {"backup", "nightly"}) {
    const Ran ran = run({command, "-q"});
    EXPECT_EQ(ran.status, 2);
    const Ended ended = follow(ran.err, command, {{"SOURCE", "prod"}});
    EXPECT_EQ(ended.status, 0) << ended.err;
  }
}

TEST_F(Hints, OfAWrongCommandLineShowItsHelp) {
  for (const auto& words :
       std::vector<std::vector<std::string>>{{"backup", "--jbos", "3"}, {"store", "make"}, {"bakcup"}}) {
    const Ran ran = pgassay(words);
    EXPECT_EQ(ran.status, 2);
    const std::size_t begin = ran.err.find("see pgassay");
    ASSERT_NE(begin, std::string::npos) << ran.err;
    const Ended ended = run_hinted(ran.err.substr(begin + 4, ran.err.find('\n', begin) - begin - 4));
    EXPECT_EQ(ended.status, 0) << ended.err;
    EXPECT_NE(ended.out.find("Usage:"), std::string::npos);
  }
}

TEST_F(Hints, OfWhatIsNotThereListWhatIs) {
  back_up();
  const Ran pruned = run({"prune", "--source", "nobody"});
  EXPECT_EQ(pruned.status, 2);
  EXPECT_NE(follow(pruned.err, "list").out.find("prod/app/"), std::string::npos);

  const Ran restored = run({"restore", "latest", "--table", "zzz", "-d", database_.conninfo()});
  EXPECT_EQ(restored.status, 2);
  EXPECT_NE(follow(restored.err, "show").out.find("public.t"), std::string::npos);

  const Ran exported = run({"export", "latest", "--table", "zzz"});
  EXPECT_EQ(exported.status, 2);
  EXPECT_NE(follow(exported.err, "show", {{" ID", " latest"}}).out.find("public.t"), std::string::npos);
}

TEST_F(Hints, ABackupProposesItsProof) {
  const Ran ran = run({"backup", "prod"});
  const Ended ended = follow(ran.out, "verify");
  EXPECT_EQ(ended.status, 0) << ended.err;
}

TEST_F(Hints, AReplacedDatabaseIsDroppedByTheCommandThatIsPrinted) {
  back_up();
  const Ran ran = run({"restore", "latest", "--replace", "app", "-d", hinting_server().conninfo("postgres")});
  ASSERT_EQ(ran.status, 0) << ran.err;
  const Ended ended = follow(ran.out, "restore");
  EXPECT_EQ(ended.status, 0) << ran.out << ended.err;
  EXPECT_EQ(hinting_server().value("postgres", "SELECT count(*) FROM pg_database WHERE datname LIKE 'app%'"),
            "1")
      << ran.out;
}

TEST_F(Hints, AStoreThatIsNotSetUpIsSetUp) {
  back_up();
  configure({}, fmt::format("[store.vault]\nurl = \"file://{}\"\n", (dir_.path() / "vault").string()));
  std::filesystem::create_directory(dir_.path() / "vault");
  const Ran ran = run({"push", "latest", "--store", "vault"});
  EXPECT_EQ(ran.status, 2) << ran.err;
  const Ended ended = follow(ran.err, "store init", {{"NAME", "vault"}});
  EXPECT_EQ(ended.status, 0) << ended.err;
  const Ran pushed = run({"push", "latest", "--store", "vault"});
  EXPECT_EQ(pushed.status, 0) << pushed.err;
  const Ran absent = run({"verify", "prod/app/20010101T000000Z", "--store", "vault"});
  EXPECT_EQ(absent.status, 2) << absent.err;
  EXPECT_NE(absent.err.find("pgassay list"), std::string::npos) << absent.err;
}

TEST_F(Hints, ADamagedNameOfASourceIsMadeAnew) {
  back_up();
  ASSERT_EQ(run({"backup", "-q", "-d", database_.conninfo()}).status, 0);
  ASSERT_EQ(run({"source", "alias", "local", "--of", "prod"}).status, 0);
  replace_file(vault_.root() / ".sources/local.json", "{");
  const Ran ran = run({"list"});
  EXPECT_EQ(ran.status, 3) << ran.err;
  const std::size_t begin = ran.err.find("rm ");
  ASSERT_NE(begin, std::string::npos) << ran.err;
  EXPECT_EQ(run_child({"sh", "-c", ran.err.substr(begin, ran.err.find(',', begin) - begin)}).status, 0);
  EXPECT_EQ(run({"list"}).status, 0);
}

}  // namespace
}  // namespace pgassay::test
