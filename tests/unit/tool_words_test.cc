#include "core/postgres/tool_words.h"

#include <gtest/gtest.h>

namespace pgassay {
namespace {

using Words = std::vector<std::string>;

TEST(ToolWords, ThatFitNoTemplateAreTold) {
  EXPECT_EQ(telling_words("pg_dump", "pg_dump: warning: owner of table \"t\" appears to be invalid\n"),
            Words{"warning: owner of table \"t\" appears to be invalid"});
  EXPECT_EQ(telling_words("pg_dumpall", "pg_dumpall: warning: something new\n"),
            Words{"warning: something new"});
}

TEST(ToolWords, HaveTheirDetailAndHintBehindThem) {
  EXPECT_EQ(
      telling_words("pg_dump",
                    "pg_dump: warning: could not resolve dependency loop among these items:\n"
                    "pg_dump: detail:   FUNCTION f  (ID 1 OID 2)\n"
                    "pg_dump: hint: think\n"),
      Words{"warning: could not resolve dependency loop among these items:; detail:   FUNCTION f  (ID 1 OID "
            "2); hint: think"});
}

TEST(ToolWords, OfForeignKeysInACircleAreHarmless) {
  EXPECT_EQ(
      telling_words("pg_dump",
                    "pg_dump: warning: there are circular foreign-key constraints on this table:\n"
                    "pg_dump: detail: t\n"
                    "pg_dump: hint: You might not be able to restore the dump without using "
                    "--disable-triggers or temporarily dropping the constraints.\n"
                    "pg_dump: hint: Consider using a full dump instead of a --data-only dump to avoid this "
                    "problem.\n"),
      Words());
}

TEST(ToolWords, OfTheServerThatATemplateKnowsAreHarmlessAndOthersAreTold) {
  EXPECT_EQ(telling_words("pg_dump",
                          "WARNING:  database \"app\" has a collation version mismatch\n"
                          "DETAIL:  The database was created using collation version 2.31.\n"
                          "HINT:  Rebuild all objects\n"
                          "WARNING:  something else\n"),
            Words{"WARNING:  something else"});
}

TEST(ToolWords, InALanguageThatWasNotAskedForAreTold) {
  EXPECT_EQ(telling_words("pg_dump", "pg_dump: attention : quelque chose\n"),
            Words{"attention : quelque chose"});
  EXPECT_EQ(telling_words("pg_dump", "no prefix at all"), Words{"no prefix at all"});
}

TEST(ToolWords, OfErrorsThatPgRestoreGoesOnAfterAreForItsReader) {
  EXPECT_EQ(telling_words("pg_restore",
                          "pg_restore: while PROCESSING TOC:\n"
                          "pg_restore: from TOC entry 3; 1 2 TABLE t app\n"
                          "pg_restore: error: could not execute query: ERROR:  role \"x\" does not exist\n"
                          "Command was: ALTER TABLE t\n    OWNER TO x;\n\n"
                          "pg_restore: warning: restoring tables WITH OIDS is not supported anymore\n"
                          "pg_restore: warning: errors ignored on restore: 1\n"),
            Words{"warning: restoring tables WITH OIDS is not supported anymore"});
}

TEST(ToolWords, OfSilenceAreNone) {
  EXPECT_EQ(telling_words("pg_dump", ""), Words());
  EXPECT_EQ(telling_words("pg_dump", "\n"), Words());
}

}  // namespace
}  // namespace pgassay
