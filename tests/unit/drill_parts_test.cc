// Parts of a drill that need no server.
#include <gtest/gtest.h>

#include "drill/checks.h"
#include "drill/server_failure.h"
#include "proof/properties_check.h"

namespace pgassay {
namespace {

DatabaseProperties properties() {
  DatabaseProperties some;
  some.name = "app";
  some.owner = "app_owner";
  some.encoding = "UTF8";
  some.collate = some.ctype = "C.UTF-8";
  some.settings = {{"", "TimeZone", "UTC"}, {"app", "work_mem", "7MB"}};
  return some;
}

TEST(CompareProperties, PassesWhateverTheNameAndTheOrderOfSettings) {
  DatabaseProperties now = properties();
  now.name = "pgassay_drill";
  std::swap(now.settings[0], now.settings[1]);
  EXPECT_EQ(proof::compare_properties(properties(), now, "").verdict, Verdict::pass);
}

TEST(CompareProperties, NamesEachThatDiffers) {
  DatabaseProperties now = properties();
  now.owner = "postgres";
  now.settings.pop_back();
  const Check check = proof::compare_properties(properties(), now, "");
  EXPECT_EQ(check.verdict, Verdict::fail);
  EXPECT_EQ(check.detail,
            "owner 'postgres' instead of 'app_owner'; settings none instead of app: work_mem = 7MB");
  EXPECT_EQ(proof::compare_properties(properties(), now, "because").verdict, Verdict::unverified);
}

TEST(ServerFailure, IsToldFromAnObjectsFault) {
  EXPECT_TRUE(drill::is_server_failure("53100"));
  EXPECT_FALSE(drill::is_server_failure("42P01"));
  EXPECT_EQ(drill::server_failure_in(
                "CREATE INDEX i ON t: could not extend file \"base/1/2\": No space left on device"),
            "No space left on device");
  EXPECT_EQ(drill::server_failure_in("CREATE INDEX i ON t: could not create unique index \"i\""), "");
}

TEST(CheckRestore, FailsWithWhatWasLostAndPassesWithoutAny) {
  restore::RestoreReport report;
  EXPECT_EQ(drill::check_restore(report, {}).at(0).verdict, Verdict::pass);
  report.lost = {"CREATE INDEX i ON t: no", "role r: no"};
  const std::vector<Check> checks = drill::check_restore(report, {});
  ASSERT_EQ(checks.size(), 2U);
  EXPECT_EQ(checks[1].verdict, Verdict::fail);
  EXPECT_EQ(checks[1].detail, "role r: no");
}

TEST(CheckRestore, ExcusesWhatCouldNotBeFilledForWantOfAForeignTable) {
  restore::RestoreReport report;
  report.lost = {"REFRESH MATERIALIZED VIEW public.v: foreign-data wrapper \"w\" has no handler"};
  proof::DrillCircumstances cut;
  cut.cut_off["public.v"] = {"public", "v"};
  EXPECT_EQ(drill::check_restore(report, cut).at(0).verdict, Verdict::unverified);
  report.lost = {"REFRESH MATERIALIZED VIEW public.v2: division by zero"};
  EXPECT_EQ(drill::check_restore(report, cut).at(0).verdict, Verdict::fail);
}

}  // namespace
}  // namespace pgassay
