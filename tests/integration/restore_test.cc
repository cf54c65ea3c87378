#include "restore/whole/restore.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include "restore/whole/target.h"
#include "tests/fixtures/child.h"
#include "tests/fixtures/round_trip.h"
#include "tests/fixtures/sample_sql.h"
#include "tests/fixtures/tamper.h"

namespace pgassay::test {
namespace {

/// Empty when stock tools find no difference.
std::string differences(const std::string& database, const std::string& copy = {}) {
  const Ended ended =
      run_child({"bash", std::string(PGASSAY_SOURCE_DIR) + "/tests/fixtures/compare_databases.sh",
                 shared_server().conninfo(database), bare_server().conninfo(copy.empty() ? database : copy)});
  return ended.status == 0 ? "" : ended.out + ended.err;
}

bool copy_exists(const std::string& name) {
  return bare_server().value(
             "postgres", "SELECT count(*) FROM pg_database WHERE datname = " + quote_literal(name)) != "0";
}

TEST(Restore, BringsTheSampleDatabaseBackIdentical) {
  const Database source("sample", "SELECT 1;", "TEMPLATE template0 ENCODING 'UTF8'");
  source.psql(sample_sql(shared_server()));
  const RoundTrip trip;
  const restore::RestoreReport report = trip.restore(trip.back_up("sample"));
  EXPECT_EQ(lines(report.lost), "");
  EXPECT_EQ(report.verdict, Verdict::pass);
  EXPECT_EQ(differences("sample"), "");
}

TEST(Restore, GivesTheDatabaseItsPropertiesUnderAnotherName) {
  const Database source("props", R"(
    CREATE ROLE props_owner; CREATE ROLE props_reader;
    ALTER DATABASE props OWNER TO props_owner; REVOKE CONNECT ON DATABASE props FROM PUBLIC;
    GRANT CONNECT ON DATABASE props TO props_reader WITH GRANT OPTION; COMMENT ON DATABASE props IS 'it''s \ ours';
    ALTER DATABASE props SET search_path TO "$user", "a,b", public; ALTER DATABASE props SET DateStyle TO 'German, DMY';
    ALTER ROLE props_reader IN DATABASE props SET work_mem TO '7MB'; ALTER DATABASE props CONNECTION LIMIT 9;)");
  const RoundTrip trip;
  const restore::RestoreReport report = trip.restore(trip.back_up("props"), created("other name"));
  EXPECT_EQ(lines(report.lost), "");
  EXPECT_EQ(differences("props", "other name"), "");
}

TEST(Restore, RestoresADatabaseThatIsReadOnlyByDefault) {
  const Database source("read_only",
                        "CREATE TABLE t AS SELECT 1 AS a; CREATE INDEX ON t (a);"
                        "ALTER DATABASE read_only SET default_transaction_read_only TO on;");
  const RoundTrip trip;
  const restore::RestoreReport report = trip.restore(trip.back_up("read_only"));
  EXPECT_EQ(lines(report.lost), "");
  EXPECT_EQ(report.verdict, Verdict::pass);
}

TEST(Restore, KeepsTheEncodingAndItsBytes) {
  const std::pair<const char*, const char*> encodings[] = {{"enc_latin1", "LATIN1"},
                                                           {"enc_ascii", "SQL_ASCII"}};
  for (const auto& [name, encoding] : encodings) {
    const Database source(
        name, "SET client_encoding = SQL_ASCII; CREATE TABLE t (a text); INSERT INTO t VALUES (E'\\xe9');",
        fmt::format("TEMPLATE template0 ENCODING '{}' LOCALE 'C'", encoding));
    const RoundTrip trip;
    const restore::RestoreReport report = trip.restore(trip.back_up(name));
    EXPECT_EQ(report.verdict, Verdict::pass) << name;
    EXPECT_EQ(source.copied_value("SELECT encode(convert_to(a, getdatabaseencoding()), 'hex') FROM t"), "e9")
        << name;
  }
}

TEST(Restore, RefusesADatabaseThatIsNotEmptyAndTouchesNothing) {
  const Database source("not_empty", "CREATE TABLE t AS SELECT 1 AS a; CREATE ROLE not_empty_role;");
  const RoundTrip trip;
  const Backup backup = trip.back_up("not_empty");
  for (const char* holds :
       {"CREATE TABLE public.mine ()", "CREATE TYPE mine AS ENUM ('a')", "CREATE SCHEMA mine",
        "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'", "SELECT lo_create(5)"}) {
    bare_server().create_database("not_empty");
    bare_server().psql("not_empty", std::string(holds) + ";");
    restore::IntoEmpty options = created();
    options.create = false;
    EXPECT_THROW(trip.restore(backup, options), Refused) << holds;
    EXPECT_EQ(source.copied_value("SELECT to_regclass('public.t') IS NULL"), "t");
    bare_server().drop_database("not_empty");
  }
  EXPECT_EQ(bare_server().value("postgres", "SELECT count(*) FROM pg_roles WHERE rolname = 'not_empty_role'"),
            "0");
}

TEST(Restore, TakesADatabaseThatHoldsOnlyExtensionsForEmpty) {
  const Database source("only_ext", "CREATE EXTENSION hstore; CREATE TABLE t AS SELECT 'a=>1'::hstore AS h;");
  const RoundTrip trip;
  bare_server().create_database("only_ext");
  bare_server().psql("only_ext", "CREATE EXTENSION hstore;");
  restore::IntoEmpty options = created();
  options.create = false;
  const restore::RestoreReport report = trip.restore(trip.back_up("only_ext"), options);
  EXPECT_EQ(lines(report.lost), "");
  EXPECT_EQ(report.verdict, Verdict::pass);
}

TEST(Restore, RefusesADatabaseThatHoldsLesserObjects) {
  const Database source("lesser", "CREATE TABLE t AS SELECT 1 AS a;");
  const RoundTrip trip;
  const Backup backup = trip.back_up("lesser");
  for (const char* holds :
       {"CREATE COLLATION mine FROM \"C\"", "CREATE CAST (int AS point) WITH INOUT",
        "CREATE OPERATOR ### (LEFTARG = int, RIGHTARG = int, FUNCTION = int4pl)",
        "CREATE OPERATOR FAMILY mine USING btree", "CREATE TEXT SEARCH CONFIGURATION mine (COPY = english)",
        "CREATE TEXT SEARCH DICTIONARY mine (TEMPLATE = simple)",
        "CREATE CONVERSION mine FOR 'UTF8' TO 'LATIN1' FROM utf8_to_iso8859_1",
        "CREATE ACCESS METHOD mine TYPE INDEX HANDLER bthandler", "CREATE FOREIGN DATA WRAPPER mine",
        "CREATE EXTENSION postgres_fdw; CREATE SERVER mine FOREIGN DATA WRAPPER postgres_fdw",
        "CREATE PUBLICATION mine", "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC",
        "CREATE SUBSCRIPTION mine CONNECTION 'host=/nowhere' PUBLICATION p WITH (connect = false, slot_name "
        "= NONE)"}) {
    bare_server().create_database("lesser");
    bare_server().psql("lesser", std::string(holds) + ";");
    restore::IntoEmpty options = created();
    options.create = false;
    EXPECT_THROW(trip.restore(backup, options), Refused) << holds;
    bare_server().psql("lesser", "DROP SUBSCRIPTION IF EXISTS mine;");
    bare_server().drop_database("lesser");
  }
}

TEST(Restore, RefusesTemplatesAndTheServersOwnDatabases) {
  const Database source("own_place", "CREATE TABLE t AS SELECT 1 AS a;");
  const RoundTrip trip;
  const Backup backup = trip.back_up("own_place");
  bare_server().create_database("own_place", "IS_TEMPLATE true");
  for (const char* into : {"template0", "template1", "postgres", "own_place"}) {
    restore::IntoEmpty options = created(into);
    options.create = false;
    EXPECT_THROW(trip.restore(backup, options), Refused) << into;
  }
  bare_server().psql("postgres", "ALTER DATABASE own_place IS_TEMPLATE false;");
}

TEST(Restore, NamesTheRolesThatItMade) {
  const Database source("made_roles", "CREATE ROLE made_by_restore;");
  const RoundTrip trip;
  const std::string notes = lines(trip.restore(trip.back_up("made_roles")).notes);
  const auto at = notes.find("created roles: ");
  ASSERT_NE(at, std::string::npos) << notes;
  EXPECT_NE(notes.find("made_by_restore", at), std::string::npos) << notes;
}

TEST(Restore, TellsNoSecretsOfWhatWasLost) {
  const Database source("secrets", R"(CREATE ROLE secrets_role; CREATE EXTENSION postgres_fdw;
    CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw;
    CREATE USER MAPPING FOR secrets_role SERVER far OPTIONS (user 'u', password 'TOPSECRET');)");
  const RoundTrip trip;
  restore::IntoEmpty options = created();
  options.roles = restore::Roles::none;
  const std::string lost = lines(trip.restore(trip.back_up("secrets"), options).lost);
  EXPECT_NE(lost.find("CREATE USER MAPPING FOR secrets_role SERVER far …: "), std::string::npos) << lost;
  EXPECT_EQ(lost.find("TOPSECRET"), std::string::npos) << lost;
}

TEST(Restore, RefusesToCreateADatabaseThatExists) {
  const Database source("exists", "CREATE TABLE t AS SELECT 1 AS a;");
  const RoundTrip trip;
  bare_server().create_database("exists");
  EXPECT_THROW(trip.restore(trip.back_up("exists")), Refused);
}

TEST(Restore, RefusesALocaleThatTheServerLacks) {
  Connection connection = Connection::open(bare_server().connection(), "test", {});
  Manifest manifest;
  manifest.server.version = connection.server_version();
  manifest.database.collate = manifest.database.ctype = "xx_XX.UTF-8";
  std::vector<restore::Note> notes;
  EXPECT_THROW(restore::check_server(connection, manifest, true, notes), Refused);
}

TEST(Restore, RefusesAnExtensionThatTheServerLacks) {
  Connection connection = Connection::open(bare_server().connection(), "test", {});
  Manifest manifest;
  manifest.server.version = connection.server_version();
  manifest.extensions = {{"plpgsql", "pg_catalog", "1.0"}, {"no_such_extension", "public", "2.1"}};
  std::vector<restore::Note> notes;
  try {
    restore::check_server(connection, manifest, false, notes);
    FAIL() << "no exception";
  } catch (const Refused& error) {
    EXPECT_NE(std::string(error.what()).find("no_such_extension 2.1"), std::string::npos) << error.what();
  }
}

TEST(Restore, RefusesAServerOlderThanTheBackups) {
  Connection connection = Connection::open(bare_server().connection(), "test", {});
  Manifest manifest;
  manifest.server.version = connection.server_version() + 10000;
  std::vector<restore::Note> notes;
  EXPECT_THROW(restore::check_server(connection, manifest, false, notes), Refused);
}

TEST(Restore, KeepsPasswordsOfRolesThatExist) {
  const Database source("old_role", "CREATE ROLE old_role LOGIN PASSWORD 'from the backup';");
  const RoundTrip trip;
  const Backup backup = trip.back_up("old_role");
  bare_server().psql("postgres", "CREATE ROLE old_role NOLOGIN PASSWORD 'its own';");
  const std::string before = bare_server().value(
      "postgres", "SELECT rolpassword, rolcanlogin FROM pg_authid WHERE rolname = 'old_role'");
  trip.restore(backup);
  EXPECT_EQ(bare_server().value("postgres",
                                "SELECT rolpassword, rolcanlogin FROM pg_authid WHERE rolname = 'old_role'"),
            before);
}

TEST(Restore, MakesAbsentRolesWhatTheyWere) {
  const Database source(
      "new_role", R"(CREATE ROLE "new ; 'role" LOGIN PASSWORD 'x'';y' VALID UNTIL '2099-01-02 03:04:05+00';
    CREATE ROLE new_group; GRANT new_group TO "new ; 'role" WITH ADMIN OPTION;
    ALTER ROLE "new ; 'role" SET search_path TO a, "B c"; COMMENT ON ROLE "new ; 'role" IS E'it''s \\ ours';)");
  const RoundTrip trip;
  EXPECT_EQ(lines(trip.restore(trip.back_up("new_role")).lost), "");
  const std::string facts =
      "SELECT r.rolcanlogin, r.rolpassword, r.rolvaliduntil AT TIME ZONE 'UTC', c.rolconfig, m.admin_option,"
      " shobj_description(r.oid, 'pg_authid') FROM pg_authid r JOIN pg_auth_members m ON m.member = r.oid"
      " JOIN pg_roles c ON c.oid = r.oid WHERE r.rolname = 'new ; ''role'";
  EXPECT_EQ(bare_server().value("postgres", facts), shared_server().value("postgres", facts));
}

TEST(Restore, LeavesPasswordsOutWhenAsked) {
  const Database source("no_password", "CREATE ROLE no_password_role LOGIN PASSWORD 'x';");
  const RoundTrip trip;
  restore::IntoEmpty options = created();
  options.role_passwords = false;
  trip.restore(trip.back_up("no_password"), options);
  EXPECT_EQ(bare_server().value(
                "postgres",
                "SELECT rolcanlogin, rolpassword IS NULL FROM pg_authid WHERE rolname = 'no_password_role'"),
            "t|t");
}

TEST(Restore, SaysWhatWasLostForWantOfRoles) {
  const Database source("want_roles",
                        "CREATE ROLE wanted; CREATE TABLE t AS SELECT 1 AS a; ALTER TABLE t OWNER TO wanted;"
                        "SELECT lo_create(4711); ALTER LARGE OBJECT 4711 OWNER TO wanted;");
  const RoundTrip trip;
  restore::IntoEmpty options = created();
  options.roles = restore::Roles::none;
  const restore::RestoreReport report = trip.restore(trip.back_up("want_roles"), options);
  EXPECT_EQ(lines(report.lost),
            "ALTER TABLE public.t OWNER TO wanted: role \"wanted\" does not exist\n"
            "large object 4711: its owner: role \"wanted\" does not exist");
  EXPECT_EQ(report.verdict, Verdict::unverified);
  EXPECT_EQ(source.copied_value("SELECT a FROM t"), "1");
}

TEST(Restore, WithoutOwnersNeedsNoRoles) {
  const Database source(
      "no_owner",
      "CREATE ROLE no_owner_role; CREATE TABLE t AS SELECT 1 AS a;"
      "ALTER TABLE t OWNER TO no_owner_role; ALTER DATABASE no_owner OWNER TO no_owner_role;");
  const RoundTrip trip;
  restore::IntoEmpty options = created();
  options.roles = restore::Roles::none;
  options.owners = false;
  const restore::RestoreReport report = trip.restore(trip.back_up("no_owner"), options);
  EXPECT_EQ(lines(report.lost), "");
  EXPECT_EQ(report.verdict, Verdict::pass);
}

TEST(Restore, CommitsNothingOfADamagedPart) {
  const Database source("damaged",
                        "CREATE TABLE t AS SELECT g, md5(g::text) FROM generate_series(1, 100000) g;");
  const RoundTrip trip;
  const Backup backup = trip.back_up("damaged");
  flip_a_bit(backup.dir.path() / "data/public.t.0000.copy.zst");
  try {
    trip.restore(backup);
    FAIL() << "no exception";
  } catch (const BadBackup& error) {
    EXPECT_NE(std::string(error.what()).find("public.t.0000.copy.zst"), std::string::npos) << error.what();
    EXPECT_NE(error.hint().find("DROP DATABASE \"damaged\""), std::string::npos) << error.hint();
  }
  EXPECT_EQ(source.copied_value("SELECT count(*) FROM t"), "0");
}

TEST(Restore, BlamesTheDamagedPartAndNotItsData) {
  const Database source(
      "blamed",
      "CREATE FUNCTION fits(int) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT true';"
      "CREATE TABLE bad (a int CHECK (fits(a)), b text); INSERT INTO bad VALUES (1, repeat('x', 100));"
      "INSERT INTO bad SELECT g, md5(g::text) FROM generate_series(2, 300000) g;"
      "CREATE OR REPLACE FUNCTION fits(int) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT false';");
  const RoundTrip trip;
  const Backup backup = trip.back_up("blamed");
  flip_a_bit(backup.dir.path() / "data/public.bad.0000.copy.zst");
  EXPECT_THROW(trip.restore(backup), BadBackup);
}

TEST(Restore, RefusesABackupWithAPieceMissingBeforeItWritesAnything) {
  const Database source("missing", "CREATE TABLE t AS SELECT 1 AS a; CREATE ROLE missing_role;");
  const RoundTrip trip;
  const Backup backup = trip.back_up("missing");
  const Path part = backup.dir.path() / "data/public.t.0000.copy.zst";
  std::filesystem::resize_file(part, std::filesystem::file_size(part) - 1);
  EXPECT_THROW(trip.restore(backup), BadBackup);
  std::filesystem::remove(part);
  EXPECT_THROW(trip.restore(backup), BadBackup);
  EXPECT_FALSE(copy_exists("missing"));
  EXPECT_EQ(bare_server().value("postgres", "SELECT count(*) FROM pg_roles WHERE rolname = 'missing_role'"),
            "0");
}

TEST(Restore, RefusesTamperedGlobalsBeforeItWritesAnything) {
  const Database source("tampered", "CREATE TABLE t AS SELECT 1 AS a;");
  const RoundTrip trip;
  const Backup backup = trip.back_up("tampered");
  flip_a_bit(backup.dir.path() / kGlobalsFile);
  EXPECT_THROW(trip.restore(backup), BadBackup);
  EXPECT_FALSE(copy_exists("tampered"));
}

TEST(Restore, BringsLargeObjectsBackPageByPage) {
  const Database source("objects", R"(CREATE ROLE objects_role;
    SELECT lo_from_bytea(101, decode(repeat('00ff', 5000), 'hex'));
    SELECT lo_create(102);
    SELECT lo_from_bytea(103, ''); SELECT lo_put(103, 1000000, 'far');
    SELECT lo_from_bytea(104, decode(repeat('61', 6000), 'hex'));
    BEGIN; SELECT lo_truncate(lo_open(104, 131072), 2048); SELECT lo_put(104, 20480, 'after an empty page'); COMMIT;
    ALTER LARGE OBJECT 101 OWNER TO objects_role; COMMENT ON LARGE OBJECT 101 IS E'tab\there \\ it''s';
    GRANT SELECT ON LARGE OBJECT 102 TO PUBLIC; GRANT ALL ON LARGE OBJECT 103 TO objects_role WITH GRANT OPTION;
    REVOKE ALL ON LARGE OBJECT 104 FROM CURRENT_USER;)");
  const RoundTrip trip;
  const restore::RestoreReport report = trip.restore(trip.back_up("objects"));
  EXPECT_EQ(lines(report.lost), "");
  EXPECT_EQ(report.verdict, Verdict::pass);
  EXPECT_EQ(differences("objects"), "");
  const std::string pages =
      "SELECT string_agg(concat_ws(' ', loid, pageno, length(data), md5(data)), ',' ORDER BY loid, pageno)"
      " FROM pg_largeobject";
  EXPECT_NE(source.value(pages).find("104 1 0 "), std::string::npos) << "no empty page to begin with";
  EXPECT_EQ(source.copied_value(pages), source.value(pages));
}

TEST(Restore, LeavesUnpopulatedMaterializedViewsSo) {
  const Database source("views",
                        "CREATE TABLE t AS SELECT 1 AS a; CREATE MATERIALIZED VIEW b AS SELECT * FROM t;"
                        "CREATE MATERIALIZED VIEW a AS SELECT * FROM b; CREATE UNIQUE INDEX ON a (a);"
                        "CREATE MATERIALIZED VIEW c AS SELECT * FROM t WITH NO DATA;");
  const RoundTrip trip;
  EXPECT_EQ(trip.restore(trip.back_up("views")).verdict, Verdict::pass);
  EXPECT_EQ(source.copied_value("SELECT string_agg(relname || relispopulated, ' ' ORDER BY relname) FROM "
                                "pg_class WHERE relkind = 'm'"),
            "atrue btrue cfalse");
  EXPECT_EQ(source.copied_value("SELECT a FROM a"), "1");
}

TEST(Restore, LoadsATableOfSeveralPartsAndOneLargeFrozenOne) {
  const Database source(
      "ranges",
      "CREATE TABLE many AS SELECT g, repeat(md5(g::text), 8) AS x FROM generate_series(1, 300000) g;"
      "CREATE TABLE one AS SELECT g, repeat(md5(g::text), 8) AS x FROM generate_series(1, 20000) g;");
  const RoundTrip trip;
  const Backup backup = trip.back_up("ranges");
  EXPECT_GT(read_manifest(backup.dir).find({"public", "many"})->parts.size(), 1U);
  const restore::RestoreReport report = trip.restore(backup);
  EXPECT_EQ(report.rows, 320000U);
  EXPECT_EQ(report.verdict, Verdict::pass);
}

TEST(Restore, LoadsATableThatARuleRefusesWithoutIt) {
  const Database source(
      "half",
      "CREATE FUNCTION fits(int) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT true';"
      "CREATE TABLE bad (a int CHECK (fits(a))); INSERT INTO bad VALUES (1);"
      "CREATE OR REPLACE FUNCTION fits(int) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT false';"
      "CREATE TABLE good AS SELECT 2 AS a;");
  const RoundTrip trip;
  const restore::RestoreReport report = trip.restore(trip.back_up("half"));
  ASSERT_EQ(report.lost.size(), 1U) << lines(report.lost);
  EXPECT_NE(report.lost[0].text.find("table public.bad"), std::string::npos) << report.lost[0].text;
  EXPECT_EQ(report.lost[0].text.find("Failing row"), std::string::npos) << report.lost[0].text;
  EXPECT_EQ(report.verdict, Verdict::pass);
  EXPECT_EQ(source.copied_value("SELECT b.a || ' ' || g.a FROM bad b, good g"), "1 2");
}

/// Asks for the stop when the first part begins.
class StopsAtFirstPart : public Observer {
 public:
  explicit StopsAtFirstPart(std::stop_source& source) : source_(source) {}
  void part_started(unsigned, std::string_view) override { source_.request_stop(); }
  void message(Level, std::string_view text, std::string_view hint) override {
    said = fmt::format("{}: {}", text, hint);
  }
  std::string said;

 private:
  std::stop_source& source_;
};

TEST(Restore, KeepsNamesInALatin1DatabaseWhetherItsRolesAreThereOrNot) {
  shared_server().psql("postgres", "CREATE ROLE \"r\u00f4le\";");
  const Database source("latin_into", "CREATE SEQUENCE \"s\u00e9q\"; SELECT setval('\"s\u00e9q\"', 7);",
                        "TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'");
  source.psql("ALTER SEQUENCE \"s\u00e9q\" OWNER TO \"r\u00f4le\";");
  const RoundTrip trip;
  const Backup backup = trip.back_up("latin_into");
  bare_server().create_database("latin_into",
                                "TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'");
  restore::IntoEmpty options = created();
  options.create = false;
  options.connection = bare_server().connection("latin_into");
  const restore::RestoreReport report = trip.restore(backup, options);
  EXPECT_EQ(lines(report.lost), "");
  EXPECT_EQ(report.verdict, Verdict::pass);
  EXPECT_EQ(source.copied_value("SELECT last_value FROM \"s\u00e9q\""), "7");
  bare_server().drop_database("latin_into");
  const restore::RestoreReport again = trip.restore(backup);
  EXPECT_EQ(lines(again.lost), "");
  EXPECT_EQ(differences("latin_into"), "");
}

TEST(Restore, AsksNoForeignServer) {
  const Database source("abroad", R"(CREATE EXTENSION postgres_fdw;
    CREATE SERVER nowhere FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '/nonexistent');
    CREATE USER MAPPING FOR PUBLIC SERVER nowhere;
    CREATE TABLE a (x int); INSERT INTO a VALUES (1); CREATE TABLE z (x int); INSERT INTO z VALUES (1);
    CREATE FOREIGN TABLE far (x int) SERVER nowhere;
    CREATE TABLE root (x int) PARTITION BY LIST (x); CREATE TABLE near PARTITION OF root FOR VALUES IN (1);
    CREATE FOREIGN TABLE beyond PARTITION OF root FOR VALUES IN (2) SERVER nowhere; INSERT INTO near VALUES (1);)");
  const RoundTrip trip;
  const restore::RestoreReport report = trip.restore(trip.back_up("abroad"));
  EXPECT_EQ(lines(report.lost), "");
  EXPECT_EQ(lines(report.notes).find("ANALYZE"), std::string::npos) << lines(report.notes);
  EXPECT_EQ(
      source.copied_value("SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class WHERE reltuples = 1"
                          " AND relnamespace = 'public'::regnamespace"),
      "a near z");
}

TEST(Restore, SaysWhatAnInterruptionLeaves) {
  const Database source("interrupted", "CREATE TABLE t AS SELECT g FROM generate_series(1, 500000) g;");
  const RoundTrip trip;
  const Backup backup = trip.back_up("interrupted");
  std::stop_source stop;
  StopsAtFirstPart observer(stop);
  EXPECT_THROW(restore_backup(trip.repository(), backup, created(), observer, stop.get_token()), Stopped);
  EXPECT_EQ(
      observer.said,
      "database \"interrupted\" is restored in part only: its tables, 0 of 1 files of rows (0 of 500000 "
      "rows), no indexes and constraints: to go on, say the same with --resume; to begin anew, DROP DATABASE "
      "\"interrupted\"; then run the restore again");
  EXPECT_EQ(source.copied_value("SELECT count(*) FROM t"), "0");
}

}  // namespace
}  // namespace pgassay::test
