// What a release brought or took away, where the sample database does not show it
// (tests/fixtures/sample_17.sql and so on do).
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "tests/fixtures/live_backup.h"
#include "tests/fixtures/other_releases.h"
#include "tests/fixtures/tamper.h"

namespace pgassay::test {
namespace {

using nlohmann::json;

class ReleaseFeaturesLong : public testing::Test {
 protected:
  Ran restore(const LocalServer& target, const LiveDatabase& database) const {
    return vault_.run(
        {"restore", "latest", "--json", "-d", target.conninfo(), "--create", "--into", database.copy()},
        with_clients_of(target.major()));
  }
  static std::vector<std::string> lost(const json& report) {
    std::vector<std::string> lines;
    for (const json& loss : report.at("restore").at("lost")) lines.push_back(loss);
    return lines;
  }

  Vault vault_;
};

TEST_F(ReleaseFeaturesLong, ADatabaseOfTheBuiltInCollationProviderComesBackAsThat) {
  const LocalServer server = LocalServer::of_release(bin_dir_of_release(17));
  const LiveDatabase database(
      "builtin", "CREATE TABLE t AS SELECT 'é' AS word;",
      "TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'", server);
  ASSERT_EQ(vault_.back_up(database, {}, with_clients_of(17)).status, 0);
  const Ran ran = restore(server, database);
  EXPECT_EQ(ran.status, 0) << ran.out << ran.err;
  EXPECT_EQ(server.value("postgres", "SELECT datlocprovider, datlocale FROM pg_database WHERE datname = '" +
                                         database.copy() + "'"),
            "b|C.UTF-8");
  const Ran drill = vault_.run({"drill", "latest", "--engine", "local"}, with_clients_of(17));
  EXPECT_EQ(drill.status, 0) << drill.out << drill.err;
}

TEST_F(ReleaseFeaturesLong, ATransactionTimeoutOfTheDatabaseIsNotThatOfABackupAndComesBack) {
  const LocalServer server = LocalServer::of_release(bin_dir_of_release(17));
  const LiveDatabase database("hurried",
                              "CREATE TABLE t AS SELECT g FROM generate_series(1, 1000) g;"
                              "ALTER DATABASE hurried SET transaction_timeout = 1;",
                              "", server);
  const Ran backup = vault_.back_up(database, {}, with_clients_of(17));
  ASSERT_EQ(backup.status, 0) << backup.err;
  EXPECT_EQ(vault_.manifest(database).session.at("transaction_timeout"), "0");
  const Ran ran = restore(server, database);
  EXPECT_EQ(ran.status, 0) << ran.out << ran.err;
  EXPECT_EQ(server.value("postgres",
                         "SELECT setconfig FROM pg_db_role_setting s JOIN pg_database d ON d.oid ="
                         " s.setdatabase WHERE datname = '" +
                             database.copy() + "'"),
            "{transaction_timeout=1}");
}

TEST_F(ReleaseFeaturesLong, StringsThatAreNotStandardAreNamedAsLostInRelease19AndNothingElseIs) {
  const LocalServer source = LocalServer::of_release(bin_dir_of_release(18));
  const LocalServer target = LocalServer::of_release(bin_dir_of_release(19));
  const LiveDatabase database(
      "strings",
      "SET standard_conforming_strings = on;"
      "CREATE TABLE t (a text DEFAULT 'x\\y', CHECK (a <> '\\')); INSERT INTO t VALUES (DEFAULT), ('a\\\\b');"
      "CREATE VIEW v AS SELECT a || '\\' AS b FROM t; COMMENT ON TABLE t IS 'back\\slash';"
      "ALTER DATABASE strings SET standard_conforming_strings = off;"
      "ALTER DATABASE strings SET escape_string_warning = off;",
      "", source);
  ASSERT_EQ(vault_.back_up(database, {}, with_clients_of(18)).status, 0);
  const Ran ran = restore(target, database);
  EXPECT_EQ(ran.status, 1) << ran.out << ran.err;
  const json report = json::parse(ran.out);
  EXPECT_EQ(report.at("verdict"), "PASS");
  const std::vector<std::string> told = lost(report);
  ASSERT_EQ(told.size(), 2U) << ran.out;
  EXPECT_NE(told[0].find("setting standard_conforming_strings"), std::string::npos) << told[0];
  EXPECT_NE(told[1].find("setting escape_string_warning"), std::string::npos) << told[1];
  for (const char* sql :
       {"SELECT string_agg(a, ',' ORDER BY a) FROM t", "SELECT string_agg(b, ',' ORDER BY b) FROM v",
        "SELECT obj_description('t'::regclass)",
        "SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef WHERE adrelid = 't'::regclass"})
    EXPECT_EQ(target.value(database.copy(), sql),
              source.value(database.name(), std::string("SET standard_conforming_strings = on; ") + sql));
}

TEST_F(ReleaseFeaturesLong, ARoleWhoseNameHasALineBreakIsNamedAsLostInRelease19) {
  const LocalServer source = LocalServer::of_release(bin_dir_of_release(18));
  const LocalServer target = LocalServer::of_release(bin_dir_of_release(19));
  const LiveDatabase database(
      "broken_name",
      "CREATE ROLE \"two\nlines\"; CREATE ROLE whole ROLE \"two\nlines\";"
      "CREATE TABLE t (a int); INSERT INTO t VALUES (1); GRANT SELECT ON t TO \"two\nlines\";"
      "CREATE TABLE its AS SELECT 2 AS a; ALTER TABLE its OWNER TO \"two\nlines\";",
      "", source);
  ASSERT_EQ(vault_.back_up(database, {}, with_clients_of(18)).status, 0);
  const Ran ran = restore(target, database);
  EXPECT_EQ(ran.status, 1) << ran.out << ran.err;
  const json report = json::parse(ran.out);
  EXPECT_EQ(report.at("verdict"), "PASS");
  const std::vector<std::string> told = lost(report);
  EXPECT_EQ(told.size(), 3U) << ran.out;
  EXPECT_EQ(told.at(0).rfind("role two", 0), 0U) << told.at(0);
  EXPECT_EQ(target.value(database.copy(), "SELECT t.a, its.a FROM t, its"), "1|2");
  EXPECT_EQ(target.value("postgres", "SELECT count(*) FROM pg_roles WHERE rolname = 'whole'"), "1");
}

TEST_F(ReleaseFeaturesLong, VirtualColumnsAreProvedByTheirValues) {
  const LocalServer server = LocalServer::of_release(bin_dir_of_release(18));
  const LiveDatabase database("virtual", R"(
    CREATE TABLE t (id int, v int GENERATED ALWAYS AS (id * 2), s int GENERATED ALWAYS AS (id + 1) STORED);
    INSERT INTO t SELECT generate_series(1, 50);
    CREATE TABLE tree (id int, v text GENERATED ALWAYS AS (upper(n)), n text) PARTITION BY RANGE (id);
    CREATE TABLE tree_1 PARTITION OF tree FOR VALUES FROM (0) TO (10);
    CREATE TABLE tree_2 (n text, v text GENERATED ALWAYS AS (upper(n)), id int);
    ALTER TABLE tree ATTACH PARTITION tree_2 FOR VALUES FROM (10) TO (20);
    INSERT INTO tree (id, n) VALUES (1, 'a'), (11, 'b');
    CREATE TABLE fails (id int, v int GENERATED ALWAYS AS (1 / id), s int GENERATED ALWAYS AS (id + 1) STORED);
    INSERT INTO fails VALUES (0), (1);)",
                              "", server);
  const Ran backup = vault_.back_up(database, {}, with_clients_of(18));
  ASSERT_EQ(backup.status, 0) << backup.err;
  const Manifest manifest = vault_.manifest(database);
  for (const auto& [table, columns] : std::map<std::string, std::size_t>{{"t", 2}, {"tree", 1}, {"fails", 1}})
    EXPECT_EQ(relation(manifest, "public", table).generated_digest->columns.size(), columns) << table;
  EXPECT_TRUE(std::ranges::any_of(manifest.left_out, [](const LeftOut& one) {
    return one.what == "digest of virtual columns of public.fails";
  }));
  const Ran same = restore(server, database);
  EXPECT_EQ(same.status, 0) << same.out << same.err;
  EXPECT_NE(same.out.find(", 4 generated columns"), std::string::npos) << same.out;
  server.psql("postgres", "DROP DATABASE " + database.copy());
  reseal(vault_.newest(database).dir.path(), [](Manifest& changed) {
    for (Relation& one : changed.relations)
      if (one.name.name == "t") ++one.generated_digest->columns.at(0).sum;
  });
  const Ran other = restore(server, database);
  EXPECT_EQ(other.status, 3) << other.out << other.err;
  EXPECT_NE(other.out.find("column public.t.v"), std::string::npos) << other.out;
}

/// Rules that were broken behind the server's back. From 18 on NOT NULL and the foreign key of a partitioned
/// table can be there NOT VALID, as they are told to be.
TEST_F(ReleaseFeaturesLong, NotNullAndKeysOfPartitionedTablesComeBackNotValidIn18) {
  const LocalServer server = LocalServer::of_release(bin_dir_of_release(18));
  const LiveDatabase database("not_null", R"(
    CREATE TABLE plain (id int PRIMARY KEY, a int, b int NOT NULL); CREATE TABLE tree (id int NOT NULL, a int) PARTITION BY RANGE (id);
    CREATE TABLE tree_1 PARTITION OF tree FOR VALUES FROM (0) TO (100);
    CREATE TABLE own (id int NOT NULL, a int); ALTER TABLE tree ATTACH PARTITION own FOR VALUES FROM (100) TO (200);
    INSERT INTO plain SELECT g, NULLIF(g, 3), g FROM generate_series(1, 10) g; INSERT INTO tree VALUES (1, NULL), (101, 1);
    ALTER TABLE plain ADD CONSTRAINT a_given NOT NULL a NOT VALID; COMMENT ON CONSTRAINT a_given ON plain IS 'once';
    ALTER TABLE own ADD CONSTRAINT own_given NOT NULL a; ALTER TABLE tree ADD CONSTRAINT tree_given NOT NULL a NOT VALID;
    UPDATE pg_constraint SET convalidated = true WHERE contype = 'n';
    CREATE TABLE ref (id int PRIMARY KEY); CREATE TABLE child (id int, r int REFERENCES ref) PARTITION BY RANGE (id);
    CREATE TABLE child_1 PARTITION OF child FOR VALUES FROM (0) TO (100);
    SET session_replication_role = replica; INSERT INTO child VALUES (1, 99);)",
                              "", server);
  ASSERT_EQ(vault_.back_up(database, {}, with_clients_of(18)).status, 0);
  const Ran ran = restore(server, database);
  EXPECT_EQ(ran.status, 1) << ran.out << ran.err;
  const json report = json::parse(ran.out);
  EXPECT_EQ(report.at("verdict"), "PASS");
  EXPECT_EQ(lost(report).size(), 3U) << ran.out;
  for (const char* way : {"ALTER TABLE public.plain VALIDATE CONSTRAINT \\\"a_given\\\"",
                          "ALTER TABLE public.tree VALIDATE CONSTRAINT \\\"tree_given\\\"",
                          "ALTER TABLE public.child VALIDATE CONSTRAINT child_r_fkey"})
    EXPECT_NE(ran.out.find(way), std::string::npos) << way << ran.out;
  const std::string shape =
      "SELECT string_agg(format('%s %s %s %s', conrelid::regclass, conname, coninhcount,"
      " obj_description(oid, 'pg_constraint')), ', ' ORDER BY conrelid::regclass::text, conname)"
      " FROM pg_constraint WHERE connamespace = 'public'::regnamespace";
  EXPECT_EQ(database.copied_value(shape), database.value(shape));
  EXPECT_EQ(database.copied_value("SELECT string_agg(conname, ' ' ORDER BY conname) FROM pg_constraint"
                                  " WHERE NOT convalidated AND coninhcount = 0"),
            "a_given child_r_fkey tree_given");
}

/// From 18 on clusters have them unless they are told not to.
TEST_F(ReleaseFeaturesLong, APageWhoseChecksumIsWrongEndsABackupOf18ByDefault) {
  const LocalServer server = LocalServer::of_release(bin_dir_of_release(18));
  ASSERT_EQ(server.value("postgres", "SHOW data_checksums"), "on");
  const LiveDatabase sound(
      "sound", "CREATE TABLE t AS SELECT g AS id, repeat('x', 100) AS word FROM generate_series(1, 5000) g;",
      "", server);
  ASSERT_EQ(vault_.back_up(sound, {}, with_clients_of(18)).status, 0);
  EXPECT_EQ(vault_.manifest(sound).server.data_checksums, "on");
  const Ran drill = vault_.run({"drill", "latest", "--engine", "local"}, with_clients_of(18));
  EXPECT_EQ(drill.status, 0) << drill.out << drill.err;

  // Files are copied past the server's memory.
  const LiveDatabase damaged("damaged", "", "TEMPLATE sound STRATEGY file_copy", server);
  const std::string file = sound.value(
      "SELECT current_setting('data_directory') || '/base/' || d.oid || '/' ||"
      " pg_relation_filenode('t') FROM pg_database d WHERE datname = 'damaged'");
  std::fstream(file, std::ios::in | std::ios::out | std::ios::binary).seekp(3 * 8192 + 5000).put('Z');
  const Ran backup = vault_.back_up(damaged, {}, with_clients_of(18));
  EXPECT_EQ(backup.status, 1) << backup.err;
  EXPECT_NE(backup.err.find("copying public.t: invalid page in block 3"), std::string::npos) << backup.err;
  EXPECT_NE(backup.err.find("the server's own copy is damaged"), std::string::npos) << backup.err;
  EXPECT_EQ(vault_.repository().list().size(), 1U);
  EXPECT_EQ(vault_.debris(), std::vector<std::string>());
  // As the hint has it.
  EXPECT_EQ(vault_.back_up(damaged, {"--exclude-table-data", "public.t"}, with_clients_of(18)).status, 0);
}

TEST_F(ReleaseFeaturesLong, ABackupBesideRepackHasEveryRow) {
  const LocalServer server = LocalServer::of_release(bin_dir_of_release(19));
  for (const char* repack : {"REPACK t USING INDEX t_pkey", "REPACK (CONCURRENTLY) t"}) {
    const LiveDatabase database(
        "repacked",
        "CREATE TABLE t (a int PRIMARY KEY, b text);"
        "INSERT INTO t SELECT g, repeat('x', g % 100) FROM generate_series(1, 30000) g;",
        "", server);
    Beside beside(database, {repack, "SELECT pg_sleep(0.01)"}, Beside::Times::for_ever);
    database.until("SELECT pg_relation_filenode('t') <> 't'::regclass::oid");
    for (int round = 0; round < 3; ++round) {
      const Ran backup = vault_.back_up(database, {}, with_clients_of(19));
      EXPECT_EQ(backup.status, 0) << repack << "\n" << backup.err;
    }
    EXPECT_GT(beside.halt(), 0);
    EXPECT_EQ(vault_.manifest(database).summary.rows, 30000U);
    const Ran ran = restore(server, database);
    EXPECT_EQ(ran.status, 0) << ran.out << ran.err;
  }
}

}  // namespace
}  // namespace pgassay::test
