#include "core/postgres/connection_refused.h"

#include <gtest/gtest.h>

namespace pgassay {
namespace {

using WordsOfOthers = std::pair<std::string, std::string>;

TEST(ConnectionRefused, TakesTheSqlstateAndTheLocationOutOfTheWords) {
  EXPECT_EQ(without_sqlstate("connection to server at \"h\", port 5432 failed: FATAL:  28P01: password "
                             "authentication failed for user \"u\"\nDETAIL:  why\nLOCATION:  auth_failed, "
                             "auth.c:338\n"),
            WordsOfOthers(
                "connection to server at \"h\", port 5432 failed: FATAL:  password authentication failed for "
                "user \"u\"\nDETAIL:  why\n",
                "28P01"));
}

TEST(ConnectionRefused, IsSaidInAnyLanguageAndByTheLastOfSeveralHosts) {
  EXPECT_EQ(without_sqlstate("a: FATAL:  57P03: one\nLOCATION:  x, y.c:1\nb: SCHWERWIEGEND:  3D000: zwei\n"
                             "LOCATION:  x, y.c:2\n"),
            WordsOfOthers("a: FATAL:  one\nb: SCHWERWIEGEND:  zwei\n", "3D000"));
}

TEST(ConnectionRefused, IsNotSaidByLibpqsOwnWords) {
  const std::string words = "could not translate host name \"x\" to address: Name or service not known\n";
  EXPECT_EQ(without_sqlstate(words), WordsOfOthers(words, ""));
}

}  // namespace
}  // namespace pgassay
