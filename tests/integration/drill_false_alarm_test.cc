// Differences that are none, or prove nothing: a drill must not cry wolf.
#include <gtest/gtest.h>

#include "tests/fixtures/restored_backup.h"

namespace pgassay::test {
namespace {

TEST(DrillFalseAlarms, NoneForPartitionsThatAreFilledAnew) {
  // The hash of an enum depends on its oid, so rows go to other leaves.
  const DrilledDatabase drilled("alarm_partitions", R"(
    CREATE TYPE colour AS ENUM ('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h');
    CREATE TABLE h (c colour, n int) PARTITION BY HASH (c);
    CREATE TABLE h0 PARTITION OF h FOR VALUES WITH (MODULUS 3, REMAINDER 0);
    CREATE TABLE h1 PARTITION OF h FOR VALUES WITH (MODULUS 3, REMAINDER 1);
    CREATE TABLE h2 PARTITION OF h FOR VALUES WITH (MODULUS 3, REMAINDER 2);
    INSERT INTO h SELECT c, g FROM unnest(enum_range(NULL::colour)) c, generate_series(1, 50) g;
    CREATE TABLE p (id int PRIMARY KEY, note text, gone int) PARTITION BY RANGE (id);
    ALTER TABLE p DROP COLUMN gone;
    CREATE TABLE p0 (note text, old int, id int NOT NULL); ALTER TABLE p0 DROP COLUMN old;
    ALTER TABLE p ATTACH PARTITION p0 FOR VALUES FROM (0) TO (100);
    INSERT INTO p SELECT g, 'n' || g FROM generate_series(0, 99) g;
    CREATE TABLE q (id int REFERENCES p) PARTITION BY LIST (id); CREATE TABLE q0 PARTITION OF q DEFAULT;)");
  EXPECT_EQ(faults(drilled.answers().checks), "");
}

TEST(DrillFalseAlarms, NoneForSettingsOfTheDatabaseAndTheServer) {
  const DrilledDatabase drilled("alarm_settings", R"(
    CREATE TABLE t AS SELECT now() AS a, 0.1::float8 AS b, '\x01'::bytea AS c, 12.5::numeric::money AS d;
    ALTER DATABASE alarm_settings SET TimeZone = 'Asia/Kathmandu'; ALTER DATABASE alarm_settings SET DateStyle = German;
    ALTER DATABASE alarm_settings SET bytea_output = escape; ALTER DATABASE alarm_settings SET lc_monetary = 'C.UTF-8';
    ALTER DATABASE alarm_settings SET extra_float_digits = -3; ALTER DATABASE alarm_settings SET search_path = nowhere;
    ALTER DATABASE alarm_settings SET statement_timeout = 1; ALTER DATABASE alarm_settings SET default_transaction_read_only = on;)");
  EXPECT_EQ(faults(drilled.answers().checks), "");
}

TEST(DrillFalseAlarms, NoneForRolesThatExistAndATemplateThatIsNotEmpty) {
  for (LocalServer* server : {&shared_server(), &bare_server()})
    server->psql("postgres",
                 "SET client_min_messages = error; DROP ROLE IF EXISTS alarm_role; CREATE ROLE alarm_role;");
  bare_server().psql("template1", "CREATE TABLE left_here (a int);");
  const DrilledDatabase drilled(
      "alarm_template",
      "CREATE TABLE t (a int); ALTER TABLE t OWNER TO alarm_role;"
      "ALTER SCHEMA public OWNER TO alarm_role; COMMENT ON SCHEMA public IS 'ours';");
  bare_server().psql("template1", "DROP TABLE left_here;");
  EXPECT_EQ(faults(drilled.answers().checks), "");
}

TEST(DrillFalseAlarms, NoneForADatabaseWithoutTheSchemaPublic) {
  const DrilledDatabase drilled("alarm_public",
                                "DROP SCHEMA public; CREATE SCHEMA s; CREATE TABLE s.t (a int);");
  EXPECT_EQ(faults(drilled.answers().checks), "");
}

TEST(DrillFalseAlarms, NoneForMaterializedViewsThatAreStaleOrWereNeverFilled) {
  const DrilledDatabase drilled("alarm_views", R"(
    CREATE TABLE t AS SELECT 1 AS a; CREATE MATERIALIZED VIEW stale AS SELECT sum(a) FROM t; INSERT INTO t VALUES (2);
    CREATE MATERIALIZED VIEW never AS SELECT a FROM t WITH NO DATA;)");
  EXPECT_EQ(faults(drilled.answers().checks), "");
}

TEST(DrillFalseAlarms, NoneForExtensionsAndWhatTheyOwn) {
  const DrilledDatabase drilled("alarm_extensions", R"(
    CREATE SCHEMA ext; CREATE EXTENSION hstore SCHEMA ext; CREATE EXTENSION btree_gist; CREATE EXTENSION pg_trgm;
    CREATE EXTENSION postgres_fdw; COMMENT ON EXTENSION hstore IS 'our own words';
    REVOKE EXECUTE ON FUNCTION ext.hstore(text, text) FROM PUBLIC;
    CREATE TABLE t (a ext.hstore, b int4range, EXCLUDE USING gist (b WITH &&)); CREATE INDEX ON t USING gin (a);)");
  EXPECT_EQ(faults(drilled.answers().checks), "");
}

TEST(DrillFalseAlarms, NoneForEncodingsOtherThanUtf8) {
  const DrilledDatabase latin("alarm_latin1",
                              "CREATE TABLE \"caf\u00e9\" (\"na\u00efve\" text DEFAULT 'd\u00e9j\u00e0'); "
                              "INSERT INTO \"caf\u00e9\" VALUES (DEFAULT);",
                              "TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'");
  EXPECT_EQ(faults(latin.answers().checks), "");
  const DrilledDatabase ascii("alarm_ascii",
                              "CREATE TABLE t (a text); INSERT INTO t VALUES (E'\\351');"
                              "COMMENT ON TABLE t IS E'\\351';",
                              "TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'");
  EXPECT_EQ(faults(ascii.answers().checks), "");
}

TEST(DrillExcuses, AMaterializedViewOverAForeignTableIsUnverified) {
  const DrilledDatabase drilled("alarm_foreign", R"(
    CREATE EXTENSION file_fdw; CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
    CREATE FOREIGN TABLE far (line text) SERVER files OPTIONS (program 'echo 1; echo > /tmp/pgassay-test-was-run');
    CREATE VIEW near AS SELECT * FROM far;
    CREATE MATERIALIZED VIEW filled AS SELECT * FROM near; CREATE MATERIALIZED VIEW above AS SELECT * FROM filled;
    CREATE INDEX ON filled (line); CREATE MATERIALIZED VIEW fine AS SELECT 1;)");
  EXPECT_EQ(std::remove("/tmp/pgassay-test-was-run"), 0);
  const drill::Answers answers = drilled.answers();
  EXPECT_EQ(faults(answers.checks),
            "UNVERIFIED materialized view public.above\nUNVERIFIED materialized view public.filled\n"
            "UNVERIFIED restore\n");
  // The server may say it in any words: this is what it says it with.
  drill::DrillQuestions questions;
  questions.assertions = {{"reads far", "SELECT count(*) = 2 FROM far", {}, Seconds(60)},
                          {"finds none", "SELECT count(*) = 1 FROM elsewhere", {}, Seconds(60)}};
  EXPECT_TRUE(faults(drilled.answers(questions).checks)
                  .starts_with("FAIL assert finds none\nUNVERIFIED assert reads far\n"));
  EXPECT_NE(std::remove("/tmp/pgassay-test-was-run"), 0) << "the program of a foreign table was run";
}

TEST(DrillExcuses, AnotherVersionOfAnExtensionIsUnverifiedUnlessAccepted) {
  DrilledDatabase drilled("alarm_version", "CREATE EXTENSION hstore VERSION '1.7';");
  EXPECT_EQ(faults(drilled.answers().checks), "UNVERIFIED extension hstore\n");
  drill::DrillQuestions lenient;
  lenient.accept_other_versions = true;
  EXPECT_EQ(faults(drilled.answers(lenient).checks), "");
}

TEST(DrillExcuses, AnotherCollationLibraryIsUnverifiedUnlessAccepted) {
  DrilledDatabase drilled("alarm_collation", "SELECT 1;", "TEMPLATE template0 LOCALE 'C.UTF-8'");
  drilled.manifest().database.collation_version = "2.0";
  EXPECT_EQ(faults(drilled.answers().checks), "UNVERIFIED collation version\n");
  drill::DrillQuestions lenient;
  lenient.accept_other_versions = true;
  EXPECT_EQ(faults(drilled.answers(lenient).checks), "");
}

TEST(DrillExcuses, AnotherMajorVersionExcusesDefinitionsButNoRowThatIsMissing) {
  DrilledDatabase drilled("alarm_major",
                          "CREATE TABLE t AS SELECT 1 AS a; CREATE VIEW v AS SELECT a FROM t;");
  drilled.manifest().server.version -= 10000;
  EXPECT_EQ(faults(drilled.after("CREATE OR REPLACE VIEW v AS SELECT a + 0 AS a FROM t;").checks),
            "UNVERIFIED view public.v\n");
  EXPECT_EQ(faults(drilled.after("DELETE FROM t;").checks), "FAIL table public.t\n");
}

TEST(DrillExcuses, WhatIsLeftOutOnPurposeIsNoFault) {
  const DrilledDatabase drilled(
      "alarm_subscription",
      "CREATE SUBSCRIPTION afar CONNECTION 'host=192.0.2.1' PUBLICATION p WITH (connect = false, "
      "slot_name = NONE); COMMENT ON SUBSCRIPTION afar IS 'far';");
  drilled.source().psql("DROP SUBSCRIPTION afar;");
  EXPECT_EQ(faults(drilled.answers().checks), "");
}

}  // namespace
}  // namespace pgassay::test
