// What a database has beside rows: sequences, large objects, views, roles, its own properties; and one moment
// for all.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>

#include "tests/fixtures/child.h"
#include "tests/fixtures/host_postgres.h"
#include "tests/fixtures/live_backup.h"

namespace pgassay::test {
namespace {

TEST(BackupBesideRows, SequencesComeBackWhereTheyWere) {
  const LiveDatabase database("beside_sequences", R"(
    CREATE SEQUENCE ahead; SELECT setval('ahead', 4711); CREATE SEQUENCE fresh START 7; CREATE SEQUENCE uncalled; SELECT setval('uncalled', 9, false);
    CREATE SEQUENCE down INCREMENT -1; SELECT nextval('down'), nextval('down'); CREATE SEQUENCE small AS smallint MAXVALUE 5 CYCLE; SELECT nextval('small');
    CREATE TABLE i (id int GENERATED ALWAYS AS IDENTITY, s serial); INSERT INTO i (s) SELECT nextval('i_s_seq') FROM generate_series(1, 5);
    CREATE SEQUENCE "odd "" name" CACHE 20; SELECT nextval('"odd "" name"');)");
  const Vault vault;
  ASSERT_EQ(vault.back_up(database).status, 0);
  EXPECT_EQ(vault.manifest(database).sequences.size(), 8U);
  EXPECT_EQ(vault.restore_and_compare(database), "");
}

/// Ahead is safe, behind collides: what nextval() gave for a row of the snapshot is never given again.
TEST(BackupBesideRows, SequencesAreNeverBehindTheRows) {
  const LiveDatabase database("beside_race", "CREATE TABLE t (id serial PRIMARY KEY, pad text);");
  const Vault vault;
  {
    Beside writer(database, {"INSERT INTO t (pad) SELECT 'x' FROM generate_series(1, 20)"},
                  Beside::Times::for_ever);
    for (int run = 0; run < 2; ++run) ASSERT_EQ(vault.back_up(database).status, 0);
    writer.halt();
  }
  EXPECT_EQ(vault.restore(database), "");
  EXPECT_EQ(database.copied_value("SELECT (SELECT max(id) FROM t) <= (SELECT last_value FROM t_id_seq)"),
            "t");
}

TEST(BackupBesideRows, LargeObjectsComeBack) {
  const LiveDatabase database("beside_objects", R"(
    CREATE ROLE beside_owner;
    SELECT lo_from_bytea(1001, decode(repeat('00ff5c0a09', 4000), 'hex')); SELECT lo_create(1002);
    SELECT lo_create(1003); SELECT lo_put(1003, 3000000000, 'far out'); SELECT lo_put(1003, 5000, 'near');
    SELECT lo_from_bytea(1004, 'owned'); ALTER LARGE OBJECT 1004 OWNER TO beside_owner;
    GRANT SELECT ON LARGE OBJECT 1001 TO beside_owner; COMMENT ON LARGE OBJECT 1002 IS E'an empty one\n\\ with a tail';)");
  const Vault vault;
  ASSERT_EQ(vault.back_up(database).status, 0);
  EXPECT_EQ(vault.manifest(database).large_objects.count, 4U);
  EXPECT_EQ(vault.restore(database), "");
  // The far one is 3 GB of zeros to read: its pages are compared instead.
  for (const char* sql :
       {"SELECT string_agg(concat_ws(' ', loid, pageno, md5(data)), ',' ORDER BY loid, pageno) FROM "
        "pg_largeobject",
        "SELECT string_agg(concat_ws(' ', oid, lomowner::regrole, (SELECT array_agg(a ORDER BY a::text) FROM "
        "unnest(lomacl) a),"
        " obj_description(oid, 'pg_largeobject')), ',' ORDER BY oid) FROM pg_largeobject_metadata"}) {
    EXPECT_EQ(database.copied_value(sql), database.value(sql));
  }
  for (const std::string& name : {database.name(), database.copy()}) {
    shared_server().psql(name, "SELECT lo_unlink(1004); REVOKE ALL ON LARGE OBJECT 1001 FROM beside_owner;");
  }
  shared_server().psql("postgres", "DROP ROLE beside_owner;");
}

TEST(BackupBesideRows, MaterializedViewsAreRefreshedAndUnpopulatedOnesStaySo) {
  const LiveDatabase database("beside_views", R"(
    CREATE TABLE t AS SELECT g AS a FROM generate_series(1, 10) g; CREATE MATERIALIZED VIEW first AS SELECT sum(a) FROM t;
    CREATE MATERIALIZED VIEW a_second AS SELECT * FROM first; CREATE MATERIALIZED VIEW empty AS SELECT * FROM t WITH NO DATA;)");
  const Vault vault;
  ASSERT_EQ(vault.back_up(database).status, 0);
  EXPECT_FALSE(relation(vault.manifest(database), "public", "empty").populated);
  EXPECT_EQ(vault.restore_and_compare(database), "");
}

TEST(BackupBesideRows, ThePropertiesOfTheDatabaseComeBack) {
  const LiveDatabase database("beside_properties", R"(
    CREATE ROLE beside_props; ALTER DATABASE beside_properties SET work_mem = '7MB'; CREATE TABLE t AS SELECT 1 AS a;
    ALTER DATABASE beside_properties SET search_path = "$user", 'a b', public; COMMENT ON DATABASE beside_properties IS 'it''s';
    ALTER ROLE beside_props IN DATABASE beside_properties SET "DateStyle" = 'German'; REVOKE TEMP ON DATABASE beside_properties FROM PUBLIC;
    GRANT CREATE ON DATABASE beside_properties TO beside_props; ALTER DATABASE beside_properties CONNECTION LIMIT 17;
    ALTER DATABASE beside_properties SET default_transaction_read_only = on;)");
  const Vault vault;
  const Ran ran = vault.back_up(database);
  ASSERT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(vault.restore_and_compare(database), "");
  for (const std::string& name : {database.copy(), database.name()}) {
    shared_server().psql("postgres",
                         "SET client_min_messages = error; DROP DATABASE \"" + name + "\" WITH (FORCE);");
  }
  shared_server().psql("postgres", "DROP ROLE beside_props;");
}

/// A role of the server for one test.
class Role {
 public:
  Role(const LiveDatabase& database, const std::string& name, const std::string& more)
      : database_(database), name_(name) {
    database.psql("CREATE ROLE " + name + " LOGIN; " + more);
  }
  ~Role() { database_.psql("DROP OWNED BY " + name_ + "; DROP ROLE " + name_ + ";"); }
  Ran back_up(const Vault& vault) const {
    return vault.run(
        {"backup", "-q", "--source", "test", "-d",
         "host=" + shared_server().dir().string() + " user=" + name_ + " dbname=" + database_.name()});
  }

 private:
  const LiveDatabase& database_;
  std::string name_;
};

TEST(BackupBesideRows, RolesAreTakenWithoutPasswordsWhereTheyCannotBeRead) {
  const LiveDatabase database(
      "beside_plain", "CREATE TABLE t AS SELECT 1 AS a; CREATE SEQUENCE s; SELECT lo_from_bytea(7, 'x');");
  const Role role(
      database, "plain_reader",
      "GRANT SELECT ON t, s, pg_largeobject TO plain_reader; ALTER ROLE plain_reader PASSWORD 'geheim';");
  const Vault vault;
  const Ran ran = role.back_up(vault);
  ASSERT_EQ(ran.status, 0) << ran.err;
  EXPECT_NE(ran.err.find("may not read pg_authid: the roles are kept without their passwords"),
            std::string::npos)
      << ran.err;
  EXPECT_FALSE(vault.manifest(database).role_passwords);
  const std::string globals = read_file(vault.newest(database).dir.path() / "globals.sql");
  EXPECT_NE(globals.find("CREATE ROLE plain_reader"), std::string::npos);
  EXPECT_EQ(globals.find("PASSWORD"), std::string::npos);
  EXPECT_EQ(vault.restore(database), "");
  shared_server().psql(database.copy(), "DROP OWNED BY plain_reader;");
}

/// pg_read_all_data covers pg_authid and pg_largeobject when they are read as the tables that they are.
TEST(BackupBesideRows, AReaderOfAllDataNeedsNothingElse) {
  const LiveDatabase database(
      "beside_reader", "CREATE TABLE t AS SELECT 1 AS a; CREATE SEQUENCE s; SELECT lo_from_bytea(7, 'x');");
  const Role role(database, "all_reader", "GRANT pg_read_all_data TO all_reader;");
  const Vault vault;
  const Ran ran = role.back_up(vault);
  ASSERT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(ran.err, "");
  EXPECT_TRUE(vault.manifest(database).role_passwords);
  EXPECT_EQ(vault.restore_and_compare(database), "");
}

TEST(BackupBesideRows, WhatCannotBeReadIsListedAtOnce) {
  const LiveDatabase database(
      "beside_unreadable",
      "CREATE TABLE t1 (a int); CREATE TABLE t2 (a int); CREATE TABLE open (a int);"
      "CREATE SEQUENCE s1; SELECT lo_create(7); CREATE SCHEMA closed; CREATE TABLE closed.t (a int);");
  const Role role(database, "poor_reader",
                  "GRANT SELECT ON open, t2 TO poor_reader; REVOKE SELECT ON t2 FROM poor_reader;");
  const Vault vault;
  const Ran ran = role.back_up(vault);
  EXPECT_EQ(ran.status, 6);
  for (const char* text : {"no privilege to read 4 relations: closed.t, public.t1, public.t2, public.s1",
                           "no privilege to read the large objects", "GRANT pg_read_all_data TO"}) {
    EXPECT_NE(ran.err.find(text), std::string::npos) << ran.err;
  }
  EXPECT_TRUE(vault.debris().empty());
  EXPECT_TRUE(vault.repository().list().empty());
}

TEST(BackupBesideRows, DdlWhileTheInventoryIsReadIsOnRecord) {
  const LiveDatabase database(
      "beside_inventory",
      "CREATE TABLE t AS SELECT 1 AS a; CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';");
  const Vault vault;
  Recorder recorder;
  const auto in_doubt = [](const Manifest& manifest) {
    return std::ranges::any_of(manifest.left_out,
                               [](const LeftOut& left) { return left.what == "certainty of the inventory"; });
  };
  EXPECT_FALSE(in_doubt(vault.back_up(database, recorder)));
  recorder.on_phase = [&](const std::string& phase) {
    if (phase == "data")
      database.psql("CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 2';");
  };
  EXPECT_TRUE(in_doubt(vault.back_up(database, recorder)));
  EXPECT_EQ(recorder.count("the inventory: objects were created, altered or dropped while it was read"), 1)
      << recorder.messages();
  EXPECT_EQ(recorder.count("starting again"), 0) << recorder.messages();
}

TEST(BackupBesideRows, ObjectsThatAreDroppedWhileTheInventoryIsReadDoNotFailTheBackup) {
  const LiveDatabase database(
      "beside_dropped",
      "CREATE TABLE t AS SELECT 1 AS a; CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';"
      "CREATE VIEW v AS SELECT 1 AS a; CREATE DOMAIN d AS int CHECK (VALUE > 0);");
  const Vault vault;
  Recorder recorder;
  int times = 0;
  recorder.on_phase = [&](const std::string& phase) {
    if (phase == "plan" && times++ == 0) database.psql("DROP FUNCTION f(); DROP VIEW v; DROP DOMAIN d;");
  };
  vault.back_up(database, recorder);
  EXPECT_EQ(vault.restore(database), "");
}

/// TPC-B keeps four sums equal in every committed state.
TEST(BackupBesideRows, ABackupBesidePgbenchIsOneMoment) {
  const LiveDatabase database("beside_pgbench");
  const std::string pgbench = (host_bin_dir() / "pgbench").string();  // which no client package has
  const Ended made = run_child({pgbench, "-i", "-q", "-s", "5", database.conninfo()});
  ASSERT_EQ(made.status, 0) << made.err;
  const Vault vault;
  Child load({pgbench, "-n", "-c", "4", "-T", "60", database.conninfo()});
  database.until("SELECT count(*) > 100 FROM pgbench_history");
  for (int run = 0; run < 2; ++run) {
    const Ran ran = vault.back_up(database);
    EXPECT_EQ(ran.status, 0) << ran.err;
  }
  EXPECT_TRUE(load.running_after(std::chrono::milliseconds(0)));
  load.signal(SIGTERM);
  load.wait();
  EXPECT_EQ(vault.restore(database), "");
  EXPECT_EQ(database.copied_value("SELECT count(DISTINCT s), min(s) <> 0 FROM (SELECT sum(abalance) AS s "
                                  "FROM pgbench_accounts UNION ALL"
                                  " SELECT sum(bbalance) FROM pgbench_branches UNION ALL SELECT "
                                  "sum(tbalance) FROM pgbench_tellers UNION ALL"
                                  " SELECT sum(delta) FROM pgbench_history) sums"),
            "1|t");
}

}  // namespace
}  // namespace pgassay::test
