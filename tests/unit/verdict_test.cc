#include "core/system/verdict.h"

#include <gtest/gtest.h>

#include <set>
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

std::vector<Check> unique(std::vector<Check> checks) {
  make_unique(checks);
  return checks;
}

TEST(CheckId, IsTheNameOfACheckThatIsOnlyNamed) {
  EXPECT_EQ(unique({{"parts", Verdict::pass, ""}})[0].id, (CheckId{CheckKind::named, "parts", ""}));
}

TEST(CheckId, StaysWhereTheNameIsSharedButTheAspectIsNot) {
  const CheckId owner{CheckKind::inventory, "table t", "owner"}, rows{CheckKind::rows, "t", ""};
  const auto checks = unique({{"table t", Verdict::fail, "", owner}, {"table t", Verdict::fail, "", rows}});
  EXPECT_EQ(checks[0].id, owner);
  EXPECT_EQ(checks[1].id, rows);
}

TEST(CheckId, GetsANumberWhereItIsThereAlready) {
  const Check same{"restore", Verdict::fail, "", {CheckKind::restore, "r", "role"}};
  const Check taken{"restore", Verdict::fail, "", {CheckKind::restore, "r", "role 2"}};
  const auto checks = unique({same, taken, same, same, {"a", Verdict::pass, ""}, {"a", Verdict::pass, ""}});
  std::set<CheckId> ids;
  for (const Check& check : checks) ids.insert(check.id);
  EXPECT_EQ(ids.size(), checks.size());
  EXPECT_EQ(checks[0].id.aspect, "role");
  EXPECT_EQ(checks[2].id.aspect, "role 3");
}

TEST(UniqueNames, AreTheShownOnesButWhereThoseAreShared) {
  EXPECT_EQ(unique_names({{"database", Verdict::pass, ""},
                          {"table t", Verdict::fail, "", {CheckKind::inventory, "table t", "owner"}},
                          {"table t", Verdict::fail, "", {CheckKind::inventory, "table t", "definition"}},
                          {"table t", Verdict::fail, "", {CheckKind::rows, "t", ""}},
                          {"restore", Verdict::fail, "", {CheckKind::restore, "a", "object"}},
                          {"restore", Verdict::fail, "", {CheckKind::restore, "b", "object"}},
                          {"parts", Verdict::pass, ""},
                          {"parts", Verdict::pass, ""}}),
            (std::vector<std::string>{
                "database", "table t (inventory, owner)", "table t (inventory, definition)", "table t (rows)",
                "restore (restore, object, a)", "restore (restore, object, b)", "parts", "parts (2)"}));
}

TEST(Verdict, IsReadBackFromItsWord) {
  for (Verdict verdict : {Verdict::pass, Verdict::fail, Verdict::unverified}) {
    EXPECT_EQ(parse_verdict(to_string(verdict)), verdict);
  }
  EXPECT_THROW(parse_verdict("pass"), Error);
}

}  // namespace
}  // namespace pgassay
