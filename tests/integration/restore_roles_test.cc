// Roles and tablespaces of globals.sql where the target does not make it easy: each a clear outcome.
#include "restore/whole/roles.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/fixtures/round_trip.h"

namespace pgassay::test {
namespace {

/// Roles of the bare server, dropped before and after.
class RestoreRoles : public ::testing::Test {
 protected:
  RestoreRoles() { drop(); }
  ~RestoreRoles() override { drop(); }

  static void drop() {
    for (const char* role : {"rr_a", "rr_b", "rr_c", "rr_limited", "rr_maker"})
      bare_server().psql("postgres",
                         std::string("SET client_min_messages = error; DROP ROLE IF EXISTS ") + role);
  }
  static Connection connect(const std::string& user = "postgres") {
    ConnInfo info = bare_server().connection();
    info.parameters["user"] = user;
    return Connection::open(info, "test", {});
  }
  static std::string value(const std::string& sql) { return bare_server().value("postgres", sql); }

  /// Plans and makes them.
  void run(const std::string& globals, const std::string& user = "postgres") {
    Connection connection = connect(user);
    const restore::RolePlan plan = plan_roles(connection, globals, restore::IntoEmpty{});
    notes_ = plan.notes;
    absent_tablespaces_ = plan.absent_tablespaces;
    create_roles(connection, plan, lost_, notes_);
  }
  bool noted(const std::string& words) const {
    return std::any_of(notes_.begin(), notes_.end(),
                       [&](const restore::Note& note) { return note.text.find(words) != std::string::npos; });
  }

  std::vector<restore::Loss> lost_;
  std::vector<restore::Note> notes_;
  std::vector<std::string> absent_tablespaces_;
};

constexpr const char* kMakeAB =
    "CREATE ROLE rr_a;\nALTER ROLE rr_a WITH NOLOGIN;\nCREATE ROLE rr_b;\n"
    "ALTER ROLE rr_b WITH LOGIN PASSWORD 'new';\n";

TEST_F(RestoreRoles, ACycleOfMembershipsLosesTheOneThatClosesIt) {
  run(std::string(kMakeAB) +
      "GRANT rr_a TO rr_b GRANTED BY postgres;\nGRANT rr_b TO rr_a GRANTED BY postgres;\n");
  ASSERT_EQ(lost_.size(), 1U);
  EXPECT_EQ(lost_[0].kind, restore::LossKind::role_membership);
  EXPECT_EQ(lost_[0].object, "rr_a");
  EXPECT_EQ(lost_[0].sqlstate, "0LP01");
  EXPECT_EQ(lost_[0].text.find("role rr_a: membership in rr_b: "), 0U) << lost_[0].text;
  EXPECT_EQ(value("SELECT pg_has_role('rr_b', 'rr_a', 'member')"), "t");
}

TEST_F(RestoreRoles, OneThatExistsKeepsItsAttributesSettingsAndMemberships) {
  bare_server().psql("postgres", "CREATE ROLE rr_b NOLOGIN; ALTER ROLE rr_b SET work_mem = '1MB'");
  run(std::string(kMakeAB) +
      "ALTER ROLE rr_b SET work_mem TO '64MB';\nGRANT rr_a TO rr_b GRANTED BY postgres;\n");
  EXPECT_TRUE(lost_.empty());
  EXPECT_EQ(value("SELECT r.rolcanlogin, r.rolconfig, a.rolpassword IS NULL FROM pg_roles r JOIN pg_authid a "
                  "USING (oid)"
                  " WHERE r.rolname = 'rr_b'"),
            "f|{work_mem=1MB}|t");
  EXPECT_EQ(value("SELECT pg_has_role('rr_b', 'rr_a', 'member')"), "f");
  EXPECT_TRUE(noted("role rr_b was here already: not made a member of rr_a"));
}

TEST_F(RestoreRoles, WhereOneFailsNoneIsMade) {
  try {
    run(std::string(kMakeAB) + "CREATE ROLE rr_c;\nALTER ROLE rr_c SET no_such_setting TO 'x';\n");
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.exit(), Exit::failed);
    EXPECT_EQ(std::string(error.what()).find("role rr_c: could not be created as it was: "), 0U)
        << error.what();
    EXPECT_EQ(error.hint(), "no role was created; create it yourself, or pass `--roles none`");
  }
  EXPECT_EQ(value("SELECT count(*) FROM pg_roles WHERE rolname IN ('rr_a', 'rr_b', 'rr_c')"), "0");
}

TEST_F(RestoreRoles, AreRefusedToARoleThatMayNotMakeThem) {
  bare_server().psql("postgres", "CREATE ROLE rr_limited LOGIN CREATEDB");
  try {
    run(kMakeAB, "rr_limited");
    FAIL() << "no error";
  } catch (const Refused& error) {
    EXPECT_NE(std::string(error.what())
                  .find("may not create roles, and these of the backup are absent: rr_a, rr_b"),
              std::string::npos)
        << error.what();
    EXPECT_NE(error.hint().find("--roles none"), std::string::npos);
  }
}

TEST_F(RestoreRoles, AreMadeWithoutWhatOnlyASuperuserGives) {
  bare_server().psql("postgres", "CREATE ROLE rr_maker LOGIN CREATEROLE");
  run("CREATE ROLE rr_a;\nALTER ROLE rr_a WITH SUPERUSER INHERIT NOCREATEROLE CREATEDB LOGIN REPLICATION "
      "BYPASSRLS "
      "CONNECTION LIMIT 3;\nCREATE ROLE rr_b;\nALTER ROLE rr_b WITH NOSUPERUSER NOLOGIN;\n"
      "GRANT rr_b TO rr_a GRANTED BY postgres;\n",
      "rr_maker");
  EXPECT_TRUE(lost_.empty()) << lost_[0].text;
  EXPECT_EQ(value("SELECT rolsuper, rolcanlogin, rolreplication, rolbypassrls, rolconnlimit FROM pg_roles "
                  "WHERE rolname = 'rr_a'"),
            "f|t|f|f|3");
  EXPECT_EQ(value("SELECT pg_has_role('rr_a', 'rr_b', 'member')"), "t");
  for (const char* attribute : {"superuser", "replication", "bypassrls"})
    EXPECT_TRUE(noted(std::string("role rr_a: created without ") + attribute)) << attribute;
  EXPECT_TRUE(noted("role rr_a: membership in rr_b: granted by ourselves"));
}

TEST_F(RestoreRoles, TablespacesThatAreAbsentAreNamedAndNotMade) {
  run("CREATE TABLESPACE fast OWNER postgres LOCATION '/nowhere';\nALTER TABLESPACE fast SET "
      "(seq_page_cost=1);\n"
      "GRANT ALL ON TABLESPACE fast TO PUBLIC;\n");
  EXPECT_EQ(absent_tablespaces_, std::vector<std::string>{"fast"});
  EXPECT_EQ(value("SELECT count(*) FROM pg_tablespace WHERE spcname = 'fast'"), "0");
}

/// Of a whole restore: those that it made are proved, the others told.
TEST_F(RestoreRoles, AreProvedWhereTheRestoreMadeThem) {
  const char* kRoles = "SET client_min_messages = error; DROP ROLE IF EXISTS rr_a; DROP ROLE IF EXISTS rr_b;";
  shared_server().psql("postgres",
                       std::string(kRoles) + "CREATE ROLE rr_a CONNECTION LIMIT 4; CREATE ROLE rr_b;");
  {
    const Database database("rr_proved", "CREATE TABLE t (id int); ALTER TABLE t OWNER TO rr_a;");
    const RoundTrip round_trip;
    const Backup backup = round_trip.back_up(database.name());
    bare_server().psql("postgres", "CREATE ROLE rr_b CONNECTION LIMIT 9");
    restore::IntoEmpty request = created();
    const restore::RestoreReport good = round_trip.restore(backup, request);
    EXPECT_EQ(good.verdict, Verdict::pass);
    EXPECT_NE(
        lines(good.notes).find("role rr_b: it was left as it was here: connection limit 9 instead of none"),
        std::string::npos)
        << lines(good.notes);
    bare_server().psql("postgres", "DROP DATABASE rr_proved; DROP ROLE rr_a");
    request.before_data = [](Connection& connection) {
      connection.query("ALTER ROLE rr_a CONNECTION LIMIT 5");
    };
    const restore::RestoreReport bad = round_trip.restore(backup, request);
    EXPECT_EQ(bad.verdict, Verdict::fail);
    EXPECT_TRUE(std::ranges::any_of(bad.checks, [](const Check& check) {
      return check.name == "role rr_a" && check.detail == "connection limit 5 instead of connection limit 4";
    }));
  }
  shared_server().psql("postgres", kRoles);
}

TEST_F(RestoreRoles, WithoutTheTablespaceEverythingIsInTheDefaultOne) {
  shared_server().psql("postgres",
                       "SET allow_in_place_tablespaces = on;\nCREATE TABLESPACE rr_space LOCATION '';");
  {
    const Database database("rr_spaced",
                            "CREATE TABLE t (id int PRIMARY KEY) TABLESPACE rr_space;"
                            "INSERT INTO t SELECT generate_series(1, 10);");
    const RoundTrip round_trip;
    const restore::RestoreReport report = round_trip.restore(round_trip.back_up(database.name()));
    EXPECT_TRUE(report.lost.empty());
    EXPECT_EQ(report.verdict, Verdict::pass);
    EXPECT_TRUE(std::any_of(report.notes.begin(), report.notes.end(), [](const restore::Note& note) {
      return note.text == "tablespaces are absent here: rr_space; everything is in the default one";
    }));
    EXPECT_EQ(database.copied_value("SELECT reltablespace FROM pg_class WHERE relname = 't'"), "0");
  }
  shared_server().psql("postgres", "DROP TABLESPACE rr_space");
}

}  // namespace
}  // namespace pgassay::test
