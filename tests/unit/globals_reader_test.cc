#include "restore/whole/globals_reader.h"

#include <gtest/gtest.h>

#include "core/system/error.h"

namespace pgassay {
namespace {

using StatementKind = restore::GlobalStatement::Kind;

restore::GlobalStatement only(std::string_view sql) {
  const auto statements = restore::read_globals(sql);
  EXPECT_EQ(statements.size(), 1U);
  return statements.at(0);
}

TEST(GlobalsReader, ReadsWhatPgDumpallWrites) {
  const auto statements = restore::read_globals(R"(--
-- PostgreSQL database cluster dump
--

\restrict t6F5FIZRPaXzSPzFfAsGDAVhV1CTvbHZZn6FWNMVWZ5ncAS9trASbo8PAbTXGVN

SET default_transaction_read_only = off;

SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;

CREATE ROLE grp;
ALTER ROLE grp WITH SUPERUSER INHERIT NOLOGIN PASSWORD 'SCRAM-SHA-256$4096:DD==$fP=:Ov=' VALID UNTIL 'infinity';
COMMENT ON ROLE grp IS E'it''s a \\connect x';
ALTER ROLE grp SET search_path TO 'a', 'b';
ALTER ROLE grp IN DATABASE app SET work_mem TO '1MB';
GRANT grp TO plain WITH ADMIN OPTION GRANTED BY postgres;
GRANT SET, ALTER SYSTEM ON PARAMETER work_mem TO plain WITH GRANT OPTION;
CREATE TABLESPACE fast OWNER grp LOCATION '/srv/fast';
REVOKE ALL ON TABLESPACE fast FROM grp;
SECURITY LABEL FOR selinux ON ROLE grp IS 'x';

\unrestrict t6F5FIZRPaXzSPzFfAsGDAVhV1CTvbHZZn6FWNMVWZ5ncAS9trASbo8PAbTXGVN
)");
  std::vector<StatementKind> kinds;
  for (const auto& statement : statements) kinds.push_back(statement.kind);
  EXPECT_EQ(kinds, (std::vector<StatementKind>{
                       StatementKind::session, StatementKind::session, StatementKind::session,
                       StatementKind::create_role, StatementKind::alter_role, StatementKind::role_note,
                       StatementKind::role_setting, StatementKind::role_setting, StatementKind::membership,
                       StatementKind::parameter, StatementKind::tablespace, StatementKind::tablespace,
                       StatementKind::role_note}));
  EXPECT_EQ(statements[8].role, "plain");
  EXPECT_EQ(statements[8].object, "grp");
  EXPECT_EQ(statements[9].object, "work_mem");
  EXPECT_EQ(statements[10].object, "fast");
}

TEST(GlobalsReader, UnquotesNames) {
  EXPECT_EQ(only("CREATE ROLE \"o'w\"\"ner;x\";").role, "o'w\"ner;x");
}

TEST(GlobalsReader, FoldsUnquotedNames) {
  EXPECT_EQ(only("CREATE ROLE Mixed;").role, "mixed");
}

TEST(GlobalsReader, KeepsSemicolonsInsidePasswords) {
  const auto statement = only("ALTER ROLE a WITH LOGIN PASSWORD 'x''; DROP TABLE t; --';");
  EXPECT_EQ(statement.statement.text, "ALTER ROLE a WITH LOGIN PASSWORD 'x''; DROP TABLE t; --'");
}

TEST(GlobalsReader, KeepsLineFeedsAndBackslashLinesInsideQuotes) {
  EXPECT_EQ(restore::read_globals("COMMENT ON ROLE a IS 'x\n\\! rm -rf /\ny';\nCREATE ROLE b;\n").size(), 2U);
}

TEST(GlobalsReader, TakesABackslashAsTheServerDoes) {
  EXPECT_EQ(restore::read_globals(R"(COMMENT ON ROLE a IS 'x\'; CREATE ROLE b;)").size(), 2U);
  EXPECT_EQ(restore::read_globals(R"(COMMENT ON ROLE a IS E'x\'; CREATE ROLE b;';)").size(), 1U);
  EXPECT_EQ(restore::read_globals(
                "SET standard_conforming_strings = off; COMMENT ON ROLE a IS 'x\\'; CREATE ROLE b;';")
                .size(),
            2U);
}

TEST(GlobalsReader, ReadsWhatIsWrittenWhereStandardConformingStringsAreOff) {
  const auto statements = restore::read_globals(
      "SET standard_conforming_strings = off;\nSET escape_string_warning = off;\nCREATE ROLE a;\n"
      "ALTER ROLE a WITH PASSWORD 'x\\\\y\\'; z';\n");
  ASSERT_EQ(statements.size(), 4U);
  EXPECT_EQ(statements[1].kind, StatementKind::session);
}

TEST(GlobalsReader, ReadsDollarQuotes) {
  EXPECT_EQ(restore::read_globals("COMMENT ON ROLE a IS $x$ ; ' $y$ $x$; CREATE ROLE b;").size(), 2U);
}

TEST(GlobalsReader, RefusesBackslashCommands) {
  for (const char* line :
       {"\\! id\n", "\\connect postgres\n", "\\i /etc/passwd\n", "CREATE ROLE a; \\restrict abc\n",
        "\\restrict abc; \\! id\n", "\\restricted\n", "CREATE ROLE \\! id\n"})
    EXPECT_THROW(restore::read_globals(line), BadBackup) << line;
}

TEST(GlobalsReader, NamesTheLine) {
  try {
    restore::read_globals("CREATE ROLE a;\n\n\\! id\n");
    FAIL();
  } catch (const BadBackup& error) {
    EXPECT_NE(std::string(error.what()).find("line 3"), std::string::npos) << error.what();
  }
}

TEST(GlobalsReader, RefusesStatementsThatPgDumpallDoesNotWrite) {
  for (const char* sql :
       {"DROP ROLE a;", "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'select 1';", "DO $$ begin end $$;",
        "CREATE ROLE a SUPERUSER;", "SET role = postgres;", "SET session_authorization = 'a';",
        "COPY t FROM PROGRAM 'id';", "ALTER SYSTEM SET x = 1;", "GRANT SELECT ON TABLE t TO a;",
        "SET client_encoding = 'SJIS';", "SELECT 1;", "CREATE ROLE U&\"d0061\";"})
    EXPECT_THROW(restore::read_globals(sql), BadBackup) << sql;
}

TEST(GlobalsReader, RefusesWhatNeverEnds) {
  for (const char* sql : {"CREATE ROLE a", "CREATE ROLE \"a;", "COMMENT ON ROLE a IS 'x;",
                          "COMMENT ON ROLE a IS $$x;", "COMMENT ON ROLE a IS E'x\\'", "/* CREATE ROLE a; */"})
    EXPECT_THROW(restore::read_globals(sql), BadBackup) << sql;
}

TEST(GlobalsReader, RefusesZeroBytes) {
  EXPECT_THROW(restore::read_globals(std::string_view("CREATE ROLE a;\0 x", 17)), BadBackup);
}

TEST(GlobalsReader, StripsThePasswordAndNothingElse) {
  const auto statement =
      only("ALTER ROLE \"password\" WITH LOGIN PASSWORD 'it''s; x' VALID UNTIL 'infinity';");
  EXPECT_EQ(without_password(statement.statement),
            "ALTER ROLE \"password\" WITH LOGIN  VALID UNTIL 'infinity'");
}

TEST(GlobalsReader, StripsAttributesButNotNames) {
  const auto statement = only("ALTER ROLE superuser WITH SUPERUSER INHERIT NOBYPASSRLS;");
  EXPECT_EQ(without_words(statement.statement, {"superuser", "nobypassrls"}),
            "ALTER ROLE superuser WITH  INHERIT ");
}

TEST(GlobalsReader, StripsTheGrantor) {
  const auto statement = only("GRANT granted TO by WITH ADMIN OPTION GRANTED BY postgres;");
  EXPECT_EQ(without_grantor(statement.statement), "GRANT granted TO by WITH ADMIN OPTION ");
}

}  // namespace
}  // namespace pgassay
