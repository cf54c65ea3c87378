#include "core/postgres/session.h"

#include <gtest/gtest.h>

#include "tests/fixtures/local_server.h"

namespace pgassay {
namespace {

using test::shared_server;

/// What a role and a database could have been given; each would change the rows' text, or end the session.
const std::map<std::string, std::string> kHostileSettings = {
    {"search_path", "information_schema"},
    {"statement_timeout", "50000"},
    {"lock_timeout", "50000"},
    {"idle_in_transaction_session_timeout", "50000"},
    {"idle_session_timeout", "50000"},
    {"row_security", "on"},
    {"DateStyle", "SQL, DMY"},
    {"IntervalStyle", "iso_8601"},
    {"TimeZone", "Asia/Tokyo"},
    {"bytea_output", "escape"},
    {"extra_float_digits", "-5"},
    {"xmloption", "document"},
    {"array_nulls", "off"},
    {"quote_all_identifiers", "on"},
    {"standard_conforming_strings", "off"},
    {"default_transaction_isolation", "serializable"},
    {"default_transaction_deferrable", "on"},
    {"synchronize_seqscans", "on"},
    {"enable_tidscan", "off"},
    {"max_parallel_workers_per_gather", "8"},
    {"jit", "on"},
    {"zero_damaged_pages", "on"},
    {"ignore_checksum_failure", "on"},
    {"restrict_nonsystem_relation_kind", ""}};

class HostileRole : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    shared_server().create_database("session");
    shared_server().psql("postgres", "CREATE ROLE hostile SUPERUSER LOGIN;");
    bool of_role = true;
    for (const auto& [name, value] : kHostileSettings) {
      if (shared_server().value("postgres", "SELECT count(*) FROM pg_settings WHERE name = '" + name + "'") ==
          "0")
        continue;
      const std::string target = (of_role = !of_role) ? "ROLE hostile" : "DATABASE session";
      shared_server().psql("postgres", "ALTER " + target + " SET \"" + name + "\" = '" + value + "';");
    }
    shared_server().psql("postgres",
                         "ALTER ROLE hostile SET default_transaction_read_only = on;\n"
                         "ALTER ROLE hostile SET session_replication_role = replica;");
  }
  static Connection connect() {
    ConnInfo info = shared_server().connection("session");
    info.parameters["user"] = "hostile";
    return Connection::open(info, "test", {});
  }
};

TEST_F(HostileRole, LosesAgainstEverySettingOfAReadingSession) {
  Connection connection = connect();
  const Settings set = start_reading_session(connection);
  for (const auto& [name, hostile] : kHostileSettings) {
    const Result now =
        connection.query("SELECT setting FROM pg_catalog.pg_settings WHERE name = $1", {{name}});
    if (now.rows() == 0) continue;
    ASSERT_TRUE(set.contains(name)) << name;
    EXPECT_NE(now.text(0, 0), hostile) << name;
    EXPECT_EQ(now.text(0, 0).substr(0, set.at(name).size()), set.at(name)) << name;
  }
}

TEST_F(HostileRole, LosesAgainstALoadingSession) {
  Connection connection = connect();
  start_loading_session(connection);
  const auto shown = [&connection](const char* name) {
    return connection.query(std::string("SELECT pg_catalog.current_setting('") + name + "')").text(0, 0);
  };
  EXPECT_EQ(shown("default_transaction_read_only"), "off");
  EXPECT_EQ(shown("session_replication_role"), "origin");
  EXPECT_EQ(shown("statement_timeout"), "0");
  EXPECT_EQ(shown("array_nulls"), "on");
  EXPECT_EQ(shown("row_security"), "off");
}

TEST_F(HostileRole, LosesAgainstTheOptionsOfChildren) {
  ConnInfo info = shared_server().connection("session");
  info.parameters["user"] = "hostile";
  info.parameters["options"] = child_options(Connection::open(info, "test", {}).server_version());
  Connection connection = Connection::open(info, "test", {});
  EXPECT_EQ(connection.query("SHOW default_transaction_read_only").text(0, 0), "off");
  EXPECT_EQ(connection.query("SHOW statement_timeout").text(0, 0), "0");
}

TEST(ReadingSession, BeginsWhereStatementsAreGivenAMillisecond) {
  shared_server().create_database("hasty");
  shared_server().psql("postgres", R"sql(
    ALTER DATABASE hasty SET statement_timeout = '1ms';
    ALTER DATABASE hasty SET force_parallel_mode = on;
  )sql");  // a parallel worker for every query: none ends within a millisecond
  Connection connection = Connection::open(shared_server().connection("hasty"), "test", {});
  start_reading_session(connection);
  EXPECT_EQ(connection.query("SHOW statement_timeout").text(0, 0), "0");
}

TEST(ReadingSession, PinsLcMonetaryOrTellsTheServers) {
  Connection connection = Connection::open(shared_server().connection(), "test", {});
  EXPECT_EQ(start_reading_session(connection).at("lc_monetary"), "C.UTF-8");
  EXPECT_EQ(start_reading_session(connection, "C").at("lc_monetary"), "C");
  EXPECT_EQ(connection.query("SHOW lc_monetary").text(0, 0), "C");
}

TEST(ReadingSession, WorksWithoutPrivileges) {
  shared_server().psql("postgres", "CREATE ROLE plain LOGIN;");
  ConnInfo info = shared_server().connection();
  info.parameters["user"] = "plain";
  Connection connection = Connection::open(info, "test", {});
  EXPECT_EQ(start_reading_session(connection).at("TimeZone"), "UTC");
  EXPECT_NO_THROW(start_loading_session(connection));
}

}  // namespace
}  // namespace pgassay
