#include "export/psql_filter.h"

#include <gtest/gtest.h>

#include "core/system/error.h"

namespace pgassay {
namespace {

struct ScriptText : ChunkSink {
  std::string text;
  void chunk(Bytes bytes) override { text += as_text(bytes); }
};

std::string filtered(std::string_view sql, std::size_t at_a_time) {
  ScriptText out;
  exports::PsqlFilter filter(out);
  for (std::size_t at = 0; at < sql.size(); at += at_a_time)
    filter.chunk(as_bytes(sql.substr(at, at_a_time)));
  filter.finish();
  return out.text;
}

/// The same wherever the text is cut.
std::string filtered(std::string_view sql) {
  const std::string whole = filtered(sql, sql.size() + 1);
  for (const std::size_t at_a_time : {1, 2, 3, 7}) EXPECT_EQ(filtered(sql, at_a_time), whole) << sql;
  return whole;
}

std::string complaint(std::string_view sql) {
  try {
    filtered(sql, 1);
  } catch (const BadBackup& error) {
    return error.what();
  }
  return "no error";
}

TEST(PsqlFilter, PassesOnWhatHasNoMeaningOfItsOwnToPsql) {
  for (const std::string_view sql : {
           "CREATE TABLE a.\"b\\! c\" (d text DEFAULT '\\! touch x');\n",
           "COMMENT ON TABLE a IS E'it\\'s \\\\! so';\nSELECT 1;\n",
           "CREATE FUNCTION f() RETURNS text AS $_$ SELECT '\\! x' || $1 $_$;\n",
           "CREATE FUNCTION g() AS $a$ $b$ \\! $b$a$;\n",
           "-- a comment: \\! 'not a string\n/* a /* nested */ \\! one */ SELECT 1;\n",
           "SELECT a$b$c, 'x'::text, $1;\n",
           "SELECT E'a'\n  'b\\'c';\n",
           "SELECT U&'\\0441', U&\"\\0441\";\n",
           "CREATE SCHEMA publicity;\nCREATE SCHEMA private;\n",
       })
    EXPECT_EQ(filtered(sql), sql);
}

TEST(PsqlFilter, RefusesABackslashOutsideOfQuotes) {
  for (const std::string_view sql : {
           "\\! touch x\n",
           "SELECT 1;\n\\! touch x\n",
           "-- Name: a\n\\! touch x\n--\n",
           "-- Name: a\r\\! touch x\n",
           "SELECT 1 \\g /tmp/x\n",
           "SELECT 'it\\'; \\! touch x\n",
           "SELECT E'it\\\\'; \\! touch x\n",
           "SELECT $a$ b $a$; \\! touch x\n",
           "SELECT a$b$ \\! touch x $b$;\n",
           "/* a */ \\! touch x\n",
           "\\unrestrict k\\! touch x\n",
           "\\copy a FROM PROGRAM 'x'\n",
           "SELECT\n\\restrict k\n;",
       })
    EXPECT_NE(complaint(sql).find("psql would obey it"), std::string::npos) << sql;
}

TEST(PsqlFilter, NeverPassesOnWhatItRefuses) {
  ScriptText out;
  exports::PsqlFilter filter(out);
  EXPECT_THROW(filter.chunk(as_bytes("SELECT 1;\nSELECT 2 \\! touch x\nSELECT 3;\n")), BadBackup);
  EXPECT_EQ(out.text, "SELECT 1;\nSELECT 2 ");
}

TEST(PsqlFilter, TakesTheRestrictLinesOfPgRestoreAway) {
  EXPECT_EQ(filtered("--\n\n\\restrict aB3\n\nSELECT 1;\n\\unrestrict aB3\n\n"), "--\n\n\nSELECT 1;\n\n");
}

TEST(PsqlFilter, KeepsSlicesFromBeingVariables) {
  EXPECT_EQ(filtered("SELECT a[1:n], a[1:\"HOST\"], a[x:2], a::text, b := c;\n"),
            "SELECT a[1: n], a[1: \"HOST\"], a[x: 2], a::text, b := c;\n");
}

TEST(PsqlFilter, LetsPublicBeThere) {
  EXPECT_EQ(filtered("--\n-- Name: public\n--\n\nCREATE SCHEMA public;\n\nALTER SCHEMA public OWNER TO x;\n"),
            "--\n-- Name: public\n--\n\nCREATE SCHEMA IF NOT EXISTS public;\n\nALTER SCHEMA public OWNER TO "
            "x;\n");
}

TEST(PsqlFilter, RefusesStringsThatBackslashesMayEscape) {
  EXPECT_EQ(complaint("SET standard_conforming_strings = on;\n"), "no error");
  EXPECT_NE(complaint("SET standard_conforming_strings = off;\n"), "no error");
  EXPECT_NE(complaint("SET  STANDARD_conforming_strings = 'off';\n"), "no error");
}

TEST(PsqlFilter, EndsWhateverIsOpen) {
  for (const auto& [cut, closing] : {
           std::pair{"SELECT 'a", "';\n"},
           std::pair{"SELECT E'a\\", "\\';\n"},
           std::pair{"SELECT \"a", "\";\n"},
           std::pair{"SELECT $x$ a", "\n$x$;\n"},
           std::pair{"/* a /* b", " */ */;\n"},
           std::pair{"/* a /", " */;\n"},  // "/" and "*/" would begin another
           std::pair{"-- a", "\n;\n"},
           std::pair{"SELECT 1", "\n;\n"},
       }) {
    ScriptText out;
    exports::PsqlFilter filter(out);
    filter.chunk(as_bytes(cut));
    EXPECT_EQ(filter.closing(), closing) << cut;
  }
}

TEST(PsqlFilter, NoticesAnEndWithinAQuote) {
  EXPECT_NE(complaint("SELECT 'a"), "no error");
  EXPECT_NE(complaint(std::string_view("SELECT \0;", 9)), "no error");
}

}  // namespace
}  // namespace pgassay
