// What a release brought or took away, where the sample database does not show it
// (tests/fixtures/sample_17.sql and so on do).
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/fixtures/live_backup.h"
#include "tests/fixtures/other_releases.h"

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
                              "ALTER DATABASE hurried SET transaction_timeout = '1h';",
                              "", server);
  ASSERT_EQ(vault_.back_up(database, {}, with_clients_of(17)).status, 0);
  EXPECT_EQ(vault_.manifest(database).session.at("transaction_timeout"), "0");
  const Ran ran = restore(server, database);
  EXPECT_EQ(ran.status, 0) << ran.out << ran.err;
  EXPECT_EQ(database.copied_value("SHOW transaction_timeout"), "1h");
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
  const LiveDatabase database("broken_name",
                              "CREATE ROLE \"two\nlines\"; CREATE TABLE t (a int); INSERT INTO t VALUES (1);"
                              "GRANT SELECT ON t TO \"two\nlines\";",
                              "", source);
  ASSERT_EQ(vault_.back_up(database, {}, with_clients_of(18)).status, 0);
  const Ran ran = restore(target, database);
  EXPECT_EQ(ran.status, 1) << ran.out << ran.err;
  EXPECT_NE(ran.out.find("newline"), std::string::npos) << ran.out;
  const Ran without = vault_.run({"restore", "latest", "--json", "--roles", "none", "-d", target.conninfo(),
                                  "--create", "--into", "without_roles"},
                                 with_clients_of(19));
  EXPECT_EQ(target.value("without_roles", "SELECT a FROM t"), "1") << without.out << without.err;
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
