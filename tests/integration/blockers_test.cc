// Who is in the way of a backup, and how that ends: each hint is run.
#include <gtest/gtest.h>

#include "tests/fixtures/live_backup.h"

namespace pgassay::test {
namespace {

/// Of its own: prepared transactions are off by default.
const LocalServer& server() {
  static LocalServer with_prepared(LocalServer::Settings{{"max_prepared_transactions", "5"}});
  return with_prepared;
}

std::string first_statement(const std::string& text, const std::string& begin) {
  const auto at = text.find(begin);
  return at == std::string::npos ? "" : text.substr(at, text.find(" ends it", at) - at);
}

TEST(WhoIsInTheWay, IsASessionThatIsNamedWithTheStatementThatEndsIt) {
  const LiveDatabase database("in_the_way", "CREATE TABLE t AS SELECT 1 AS a", "", server());
  const Vault vault;
  Connection forgotten = database.connect();
  forgotten.query("BEGIN; LOCK TABLE t IN ACCESS EXCLUSIVE MODE");
  const Ran doctor = vault.run({"doctor", "--source", "test", "-d", database.conninfo()});
  EXPECT_EQ(doctor.status, 0) << "a warning: it may be gone by tonight";
  EXPECT_NE(doctor.out.find("public.t is locked by pid " + std::to_string(forgotten.backend_pid())),
            std::string::npos)
      << doctor.out;
  const Ran ran = vault.back_up(database, {"--lock-timeout", "0.1"});
  EXPECT_EQ(ran.status, 1) << ran.err;
  EXPECT_NE(ran.err.find("public.t is locked by pid " + std::to_string(forgotten.backend_pid()) +
                         " (user postgres, application 'test', since "),
            std::string::npos)
      << ran.err;
  EXPECT_EQ(ran.err.find("migration"), std::string::npos) << "there is none under way: " << ran.err;
  const std::string end = first_statement(ran.err, "SELECT pg_terminate_backend(");
  ASSERT_NE(end, "") << ran.err;
  server().psql("postgres", end);
  EXPECT_EQ(vault.back_up(database).status, 0);
}

TEST(WhoIsInTheWay, IsAPreparedTransactionThatIsNamedWithItsOwner) {
  const LiveDatabase database("prepared_in_the_way", "CREATE TABLE t AS SELECT 1 AS a", "", server());
  const Vault vault;
  database.psql("BEGIN; ALTER TABLE t ADD COLUMN b int; PREPARE TRANSACTION 'of last year'");
  const Ran doctor = vault.run({"doctor", "--source", "test", "-d", database.conninfo()});
  EXPECT_NE(doctor.out.find("public.t is locked by the prepared transaction 'of last year' (owner postgres"),
            std::string::npos)
      << doctor.out;
  const Ran ran = vault.back_up(database, {"--lock-timeout", "0.1"});
  EXPECT_EQ(ran.status, 1) << ran.err;
  EXPECT_NE(ran.err.find("public.t is locked by the prepared transaction 'of last year'"), std::string::npos)
      << ran.err;
  const std::string end = first_statement(ran.err, "ROLLBACK PREPARED ");
  ASSERT_NE(end, "") << ran.err;
  database.psql(end);
  EXPECT_EQ(vault.back_up(database).status, 0);
}

TEST(DoctorTomorrow, NamesWhoseTablesTheRoleWillNotBeAbleToReadTomorrow) {
  const LiveDatabase database(
      "tomorrow",
      "CREATE ROLE tomorrow_owner; CREATE ROLE tomorrow_reader LOGIN; CREATE SCHEMA shop;"
      "CREATE TABLE shop.t (a int); ALTER TABLE shop.t OWNER TO tomorrow_owner;"
      "GRANT USAGE ON SCHEMA shop TO tomorrow_reader; GRANT SELECT ON shop.t TO tomorrow_reader",
      "", server());
  const Vault vault;
  const std::vector<std::string> words = {
      "doctor", "--source", "test", "-d",
      "host=" + server().dir().string() + " port=5432 user=tomorrow_reader dbname=tomorrow"};
  Ran ran = vault.run(words);
  EXPECT_EQ(ran.status, 0) << ran.out;
  EXPECT_NE(ran.out.find("will not be able to read the tables that tomorrow_owner makes in schema shop"),
            std::string::npos)
      << ran.out;
  const std::string begin = "ALTER DEFAULT PRIVILEGES FOR ROLE";
  const auto at = ran.out.find(begin);
  ASSERT_NE(at, std::string::npos) << ran.out;
  database.psql(ran.out.substr(at, ran.out.find('\n', at) - at));
  ran = vault.run(words);
  EXPECT_EQ(ran.out.find("will not be able to read"), std::string::npos) << ran.out;
  database.psql(
      "DROP OWNED BY tomorrow_reader, tomorrow_owner; DROP ROLE tomorrow_reader; DROP ROLE tomorrow_owner");
}

}  // namespace
}  // namespace pgassay::test
