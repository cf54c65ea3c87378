// A server that speaks French, to users who may not choose its language: types, SQLSTATE and structure
// decide.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "restore/whole/restore.h"
#include "tests/fixtures/killed.h"
#include "tests/fixtures/live_backup.h"
#include "tests/fixtures/round_trip.h"

namespace pgassay::test {
namespace {

constexpr const char* kShop = R"(
  CREATE TYPE mood AS ENUM ('sad', 'happy'); CREATE DOMAIN positive AS int CHECK (VALUE > 0); CREATE SCHEMA deep;
  CREATE TABLE t (i int PRIMARY KEY, m mood DEFAULT 'sad', p positive);
  INSERT INTO t SELECT g, 'happy', g FROM generate_series(1, 1000) g;
  CREATE TABLE parted (a int) PARTITION BY RANGE (a); CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (9);
  INSERT INTO parted VALUES (1), (2);
  CREATE FUNCTION twice(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 2 * $1';
  CREATE VIEW v AS SELECT twice(i) FROM t; CREATE MATERIALIZED VIEW deep.seen AS SELECT count(*) FROM t;
  CREATE INDEX t_p ON t (p); CREATE SEQUENCE s; CREATE AGGREGATE total(int) (SFUNC = int4pl, STYPE = int);
  CREATE TEXT SEARCH CONFIGURATION words (COPY = simple); CREATE TABLE ident (a int GENERATED ALWAYS AS IDENTITY);
  ALTER TABLE ident ADD PRIMARY KEY (a); ALTER TABLE t ADD CONSTRAINT happy CHECK (m = 'happy');
)";

class French : public testing::Test {
 protected:
  static const LocalServer& server() {
    static LocalServer french(LocalServer::Settings{{"lc_messages", "fr_FR.UTF-8"}});
    return french;
  }
  French() : database_("boutique", kShop, "", server()) {
    server().psql("postgres", "CREATE ROLE lecteur LOGIN BYPASSRLS; CREATE ROLE faiseur LOGIN CREATEDB");
    if (server().major() >= 14)
      database_.psql("GRANT pg_read_all_data TO lecteur");
    else
      database_.psql(
          "GRANT USAGE ON SCHEMA deep TO lecteur; GRANT SELECT ON ALL TABLES IN SCHEMA public, deep TO "
          "lecteur;"
          "GRANT SELECT ON ALL SEQUENCES IN SCHEMA public, deep TO lecteur;"
          "GRANT SELECT ON pg_largeobject TO lecteur; ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO "
          "lecteur");
  }
  ~French() override {
    database_.psql("DROP OWNED BY lecteur");
    server().psql("postgres",
                  "SET client_min_messages = error; DROP DATABASE IF EXISTS boutique_copy WITH (FORCE);"
                  "DROP ROLE lecteur; DROP ROLE faiseur");
  }
  std::string as(const std::string& role, const std::string& database = "boutique") const {
    return "host=" + server().dir().string() + " port=5432 user=" + role + " dbname=" + database;
  }
  Ran back_up(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words = {"backup", "--source", "test", "-d", as("lecteur")};
    words.insert(words.end(), more.begin(), more.end());
    return vault_.run(words);
  }
  /// What a role that is no superuser can restore.
  restore::IntoEmpty copied() const {
    restore::IntoEmpty options;
    options.connection = ConnInfo::parse(as("faiseur", "postgres"));
    options.into = "boutique_copy";
    options.create = true;
    options.owners = false;
    options.acl = false;
    options.roles = restore::Roles::none;
    return options;
  }

  LiveDatabase database_;
  Vault vault_;
};

TEST_F(French, IsWhatTheServerSpeaksToAStranger) {
  Connection connection = Connection::open(ConnInfo::parse(as("lecteur")), "test", {});
  try {
    connection.query("SELECT * FROM nulle_part");
    FAIL();
  } catch (const ServerError& error) {
    EXPECT_NE(std::string(error.what()).find("n'existe pas"), std::string::npos) << error.what();
    EXPECT_EQ(error.sqlstate(), "42P01");
  }
}

TEST_F(French, GoesThereAndBackForThoseWhoMayNotChooseIt) {
  const Ran ran = back_up();
  ASSERT_EQ(ran.status, 0) << ran.err;
  EXPECT_TRUE(vault_.manifest(database_).tools_said.empty());
  Observer nobody;
  const restore::RestoreReport report =
      restore_backup(vault_.repository(), vault_.newest(database_), copied(), nobody, {});
  EXPECT_EQ(lines(report.lost), "");
  EXPECT_EQ(report.verdict, Verdict::pass);
}

TEST_F(French, GoesThereAndBackForASuperuser) {
  ASSERT_EQ(vault_.back_up(database_).status, 0);
  EXPECT_EQ(vault_.restore_and_compare(database_), "");
}

TEST_F(French, ASchemaThatWasMadeInPartIsGoneOnWithAndNothingIsCalledLost) {
  ASSERT_EQ(back_up().status, 0);
  const Backup backup = vault_.newest(database_);
  Observer nobody;
  restore::IntoEmpty options = copied();
  options.resume = true;
  const std::pair<const char*, int> deaths[] = {
      {"pre-data", 5}, {"pre-data", 1000}, {"post-data", 2}, {"post-data", 1000}};
  for (const auto& [section, entries] : deaths) {
    SCOPED_TRACE(fmt::format("{}: {}", section, entries));
    const TemporaryDir dir;
    ASSERT_TRUE(killed([&, section = section, entries = entries] {
      use_deadly_pg_restore(dir.path(), server().bin_dir(), section, entries);
      restore_backup(vault_.repository(), backup, options, nobody, {});
    }));
  }
  const restore::RestoreReport report = restore_backup(vault_.repository(), backup, options, nobody, {});
  EXPECT_TRUE(report.resumed) << lines(report.notes);
  EXPECT_EQ(lines(report.lost), "");
  EXPECT_EQ(report.verdict, Verdict::pass);
}

/// 'é' of a LATIN1 database is no name in a UTF-8 one: whoever asks about it by its name is refused.
TEST_F(French, ARoleInAnotherEncodingCostsTheRolesAndNotTheBackup) {
  const LiveDatabase latin("latin", "", "TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'", server());
  latin.psql("SET client_encoding = 'LATIN1'; CREATE ROLE \"\xe9t\xe9\"");
  const Ran ran = back_up();
  EXPECT_EQ(ran.status, 0) << ran.err;
  ASSERT_FALSE(vault_.manifest(database_).left_out.empty());
  EXPECT_EQ(vault_.manifest(database_).left_out.at(0).what, "roles and tablespaces");
  latin.psql("SET client_encoding = 'LATIN1'; DROP ROLE \"\xe9t\xe9\"");
}

TEST_F(French, DdlThatRacesIsComeThrough) {
  Beside beside(database_,
                {"BEGIN; DROP TABLE IF EXISTS passing; CREATE TABLE passing AS SELECT 1 AS a; COMMIT",
                 "DROP FUNCTION IF EXISTS fleeting()",
                 "CREATE FUNCTION fleeting() RETURNS int LANGUAGE sql AS 'SELECT 1'", "SELECT pg_sleep(0.3)"},
                Beside::Times::for_ever);
  int good = 0;
  for (int run = 0; run < 3; ++run) {
    const Ran ran = back_up();
    good += ran.status == 0;
    if (ran.status != 0) {
      EXPECT_NE(ran.err.find("gave up after"), std::string::npos) << ran.err;
    }
  }
  EXPECT_GT(beside.halt(), 0);
  EXPECT_GE(good, 2);
}

TEST_F(French, ALockThatCannotBeHadIsTriedForAgain) {
  Beside blocker(database_, {"BEGIN; LOCK TABLE t IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(3600)"});
  database_.until(
      "SELECT count(*) > 0 FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND relation = 't'::regclass");
  const Ran ran = back_up({"--lock-timeout", "0.2"});
  EXPECT_EQ(ran.status, 1) << ran.err;
  EXPECT_NE(ran.err.find("gave up after"), std::string::npos) << ran.err;
}

}  // namespace
}  // namespace pgassay::test
