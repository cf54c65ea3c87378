#include "core/system/verdict.h"

#include <gtest/gtest.h>

#include <vector>

#include "core/system/error.h"

namespace pgassay {
namespace {

Verdict of(std::vector<Verdict> verdicts) {
  std::vector<Check> checks;
  for (Verdict verdict : verdicts) checks.push_back({"check", verdict, ""});
  return overall(checks);
}

TEST(Verdict, OfNoChecksIsUnverified) {
  EXPECT_EQ(of({}), Verdict::unverified);
}

TEST(Verdict, PassesWhenEveryCheckPassed) {
  EXPECT_EQ(of({Verdict::pass, Verdict::pass}), Verdict::pass);
}

TEST(Verdict, FailsWhenAnyCheckFailed) {
  EXPECT_EQ(of({Verdict::unverified, Verdict::pass, Verdict::fail}), Verdict::fail);
}

TEST(Verdict, IsUnverifiedWhenAnyCheckIs) {
  EXPECT_EQ(of({Verdict::pass, Verdict::unverified}), Verdict::unverified);
}

TEST(Verdict, IsReadBackFromItsWord) {
  for (Verdict verdict : {Verdict::pass, Verdict::fail, Verdict::unverified}) {
    EXPECT_EQ(parse_verdict(to_string(verdict)), verdict);
  }
  EXPECT_THROW(parse_verdict("pass"), Error);
}

}  // namespace
}  // namespace pgassay
