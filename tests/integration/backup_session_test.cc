// Whatever settings a role, a database or the environment has: the rows are read as the same text.
#include <gtest/gtest.h>

#include "tests/fixtures/live_backup.h"

namespace pgassay::test {
namespace {

/// Values whose text depends on settings.
constexpr const char* kSensitive = R"(
CREATE TABLE t (id int PRIMARY KEY, ts timestamptz, d date, i interval, f8 float8, f4 float4, b bytea, m money, x xml,
                a int[], s text, r regclass, o oid);
INSERT INTO t SELECT g, timestamptz '2026-03-29 01:30:00+00' + g * interval '1 hour', date '2026-02-01' + g,
  interval '1 year 2 days 03:04:05.678' * g, 1.0 / 3 * g, 0.1::float4 * g, decode('00ff5c', 'hex'), (g + 0.5)::numeric::money,
  xmlparse(content '<a/>text'), ARRAY[g, NULL], E'tab\there\\ \u00e9\u20ac', 't'::regclass, g FROM generate_series(1, 500) g;
CREATE TABLE parted (k int, v float8) PARTITION BY RANGE (k);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (100);
INSERT INTO parted SELECT g, g / 7.0 FROM generate_series(0, 99) g;
CREATE TABLE guarded (a int); ALTER TABLE guarded ENABLE ROW LEVEL SECURITY; INSERT INTO guarded VALUES (1), (2);
CREATE TABLE "Größe" (a int); INSERT INTO "Größe" VALUES (1);
)";

constexpr const char* kHostile = R"(
CREATE ROLE hostile_reader LOGIN SUPERUSER;
ALTER ROLE hostile_reader SET search_path = 'information_schema';
ALTER ROLE hostile_reader SET "DateStyle" = 'German, DMY';
ALTER ROLE hostile_reader SET "IntervalStyle" = 'iso_8601';
ALTER ROLE hostile_reader SET extra_float_digits = -15;
ALTER ROLE hostile_reader SET "TimeZone" = 'Asia/Kathmandu';
ALTER ROLE hostile_reader SET bytea_output = 'escape';
ALTER ROLE hostile_reader SET synchronize_seqscans = on;
ALTER ROLE hostile_reader SET row_security = on;
ALTER ROLE hostile_reader SET quote_all_identifiers = on;
ALTER ROLE hostile_reader SET enable_tidscan = off;
ALTER ROLE hostile_reader SET enable_seqscan = off;
ALTER ROLE hostile_reader SET max_parallel_workers_per_gather = 8;
ALTER ROLE hostile_reader SET parallel_setup_cost = 0;
ALTER ROLE hostile_reader SET min_parallel_table_scan_size = 0;
ALTER ROLE hostile_reader SET jit = on;
ALTER ROLE hostile_reader SET jit_above_cost = 0;
ALTER ROLE hostile_reader SET client_encoding = 'LATIN1';
ALTER ROLE hostile_reader SET standard_conforming_strings = off;
ALTER ROLE hostile_reader SET array_nulls = off;
ALTER ROLE hostile_reader SET client_min_messages = 'debug1';
ALTER DATABASE session_hostile SET xmloption = 'document';
ALTER DATABASE session_hostile SET lock_timeout = '1ms';
ALTER DATABASE session_hostile SET idle_in_transaction_session_timeout = '1ms';
ALTER DATABASE session_hostile SET idle_session_timeout = '50ms';
ALTER DATABASE session_hostile SET default_transaction_read_only = on;
ALTER DATABASE session_hostile SET default_transaction_isolation = 'serializable';
ALTER DATABASE session_hostile SET default_transaction_deferrable = on;
ALTER DATABASE session_hostile SET lc_monetary = 'C.UTF-8';
ALTER DATABASE session_hostile SET lc_messages = 'C.UTF-8';
)";

class BackupSession : public testing::Test {
 protected:
  BackupSession() : database_("session_hostile", std::string(kSensitive) + kHostile) {}
  ~BackupSession() override { shared_server().psql("postgres", "DROP ROLE hostile_reader;"); }
  Ran back_up_hostile(const std::map<std::string, std::string>& environment = {}) {
    return vault_.run(
        {"backup", "-q", "--source", "test", "-d",
         "host=" + shared_server().dir().string() + " user=hostile_reader dbname=session_hostile"},
        environment);
  }
  LiveDatabase database_;
  Vault vault_;
};

TEST_F(BackupSession, ReadsTheSameUnderHostileSettingsAndRestores) {
  ASSERT_EQ(vault_.back_up(database_).status, 0);
  const std::string friendly = digests(vault_.manifest(database_));
  const Ran ran = back_up_hostile(
      {{"PGOPTIONS", "-c DateStyle=SQL -c bytea_output=escape -c search_path=pg_toast -c TimeZone=EST"},
       {"PGCLIENTENCODING", "LATIN1"},
       {"PGDATESTYLE", "Postgres"},
       {"PGTZ", "Asia/Tokyo"}});
  ASSERT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(digests(vault_.manifest(database_)), friendly);
  EXPECT_EQ(vault_.manifest(database_).encoding, "UTF8");
  EXPECT_EQ(vault_.restore_and_compare(database_), "");
}

TEST_F(BackupSession, StandsAStatementTimeoutOfAMillisecond) {
  shared_server().psql("postgres", "ALTER ROLE hostile_reader SET statement_timeout = 1;");
  const Ran ran = back_up_hostile();
  EXPECT_EQ(ran.status, 0) << ran.err;
}

TEST_F(BackupSession, TheManifestNamesTheSettings) {
  ASSERT_EQ(back_up_hostile().status, 0);
  const auto session = vault_.manifest(database_).session;
  for (const auto& [name, value] :
       std::map<std::string, std::string>{{"search_path", ""},
                                          {"DateStyle", "ISO"},
                                          {"IntervalStyle", "postgres"},
                                          {"extra_float_digits", "3"},
                                          {"TimeZone", "UTC"},
                                          {"bytea_output", "hex"},
                                          {"lc_monetary", "C"},
                                          {"row_security", "off"},
                                          {"synchronize_seqscans", "off"},
                                          {"xmloption", "content"},
                                          {"enable_tidscan", "on"},
                                          {"jit", "off"},
                                          {"max_parallel_workers_per_gather", "0"},
                                          {"quote_all_identifiers", "off"}}) {
    ASSERT_TRUE(session.contains(name)) << name;
    EXPECT_EQ(session.at(name), value) << name;
  }
}

TEST(BackupSessionOfRowSecurity, IsRefusedRatherThanFiltered) {
  const LiveDatabase database("session_rls",
                              "CREATE TABLE t (a int); INSERT INTO t VALUES (1), (2);"
                              "ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON t USING (a = 1);"
                              "CREATE ROLE rls_reader LOGIN; GRANT pg_read_all_data TO rls_reader;");
  const Vault vault;
  const std::vector<std::string> arguments = {
      "backup", "-q", "--source",
      "test",   "-d", "host=" + shared_server().dir().string() + " user=rls_reader dbname=session_rls"};
  Ran ran = vault.run(arguments);
  EXPECT_EQ(ran.status, 6);
  EXPECT_NE(ran.err.find("row security would hide rows of: public.t"), std::string::npos) << ran.err;
  EXPECT_NE(ran.err.find("BYPASSRLS"), std::string::npos) << ran.err;
  database.psql("ALTER ROLE rls_reader BYPASSRLS;");
  ran = vault.run(arguments);
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(vault.manifest(database).summary.rows, 2U);
  database.psql("DROP OWNED BY rls_reader; DROP ROLE rls_reader;");
}

TEST(BackupSessionOfAnIcuDatabase, GivesItsLocaleBack) {
  const LiveDatabase database("session_icu", "CREATE TABLE t AS SELECT 'Ärger' AS a; CREATE INDEX ON t (a);",
                              "TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER icu ICU_LOCALE 'de-AT'");
  const Vault vault;
  ASSERT_EQ(vault.back_up(database).status, 0);
  EXPECT_EQ(vault.restore(database), "");
  EXPECT_EQ(
      database.copied_value(
          "SELECT datlocprovider, daticulocale, a FROM pg_database, t WHERE datname = current_database()"),
      "i|de-AT|Ärger");
}

TEST(BackupSessionOfOtherEncodings, KeepsTheServersBytes) {
  for (const std::string encoding : {"SQL_ASCII", "LATIN1"}) {
    const LiveDatabase database("session_" + encoding, "",
                                "TEMPLATE template0 ENCODING '" + encoding + "' LOCALE 'C'");
    database.psql(
        "SET client_encoding = SQL_ASCII; CREATE TABLE \"n\xe9\" (a text); INSERT INTO \"n\xe9\" VALUES "
        "(E'\\xe9\\xff');");
    const Vault vault;
    const Ran ran = vault.back_up(database, {}, {{"PGCLIENTENCODING", "UTF8"}});
    ASSERT_EQ(ran.status, 0) << ran.err;
    EXPECT_EQ(vault.manifest(database).encoding, encoding);
    EXPECT_EQ(stored_rows(vault.newest(database).dir, vault.manifest(database).relations.at(0)),
              "\xe9\xff\n");
    EXPECT_EQ(vault.restore(database), "");
    EXPECT_EQ(database.copied_value("SELECT encode(convert_to(relname, getdatabaseencoding()), 'hex') FROM "
                                    "pg_class WHERE relname LIKE 'n%'"
                                    " AND relkind = 'r' AND relnamespace = 'public'::regnamespace"),
              "6ee9");
  }
}

}  // namespace
}  // namespace pgassay::test
