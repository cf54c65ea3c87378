#include <gtest/gtest.h>

#include "cli/command/routes_check.h"

namespace pgassay::cli {
namespace {

using Kind = stack::RoutesOutcome::Kind;

stack::StackCheckReport report_of(const std::vector<stack::StackVerdict>& verdicts) {
  stack::StackCheckReport report;
  for (const stack::StackVerdict verdict : verdicts) {
    const int number = static_cast<int>(report.checks.size()) + 1;
    report.checks.push_back({number, "name", "prod", verdict, ""});
    if (verdict != stack::StackVerdict::pass)
      report.findings.push_back(
          {number, "prod", verdict, "", "https://h/", "HTTP status 502 instead of 200", ""});
  }
  return report;
}

TEST(SwitchRoutes, FailWhenAnyCheckDoesThoughAnotherCouldNotBeMade) {
  const stack::RoutesOutcome outcome =
      outcome_of(report_of({stack::StackVerdict::unverified, stack::StackVerdict::fail}));
  EXPECT_EQ(outcome.kind, Kind::failed);
  EXPECT_EQ(outcome.text, "check 2: https://h/: HTTP status 502 instead of 200");
}

TEST(SwitchRoutes, AreNotCheckedWhereNotAllCouldBeLookedAt) {
  const stack::RoutesOutcome outcome =
      outcome_of(report_of({stack::StackVerdict::pass, stack::StackVerdict::unverified}));
  EXPECT_EQ(outcome.kind, Kind::not_checked);
  EXPECT_EQ(outcome.text, "nothing is wrong, but unverified: 2 (name); see pgassay stack routes");
}

TEST(SwitchRoutes, PassWithWarnings) {
  EXPECT_EQ(outcome_of(report_of({stack::StackVerdict::pass, stack::StackVerdict::warning})).kind,
            Kind::passed);
}

}  // namespace
}  // namespace pgassay::cli
