// Parts of a drill that need no server.
#include <gtest/gtest.h>

#include <cerrno>
#include <cmath>

#include "drill/checks.h"
#include "drill/server_failure.h"
#include "drill/steps.h"
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
  using drill::ServerFailure;
  for (const auto& [sqlstate, failure] : {std::pair("53100", ServerFailure::disk),
                                          {"53200", ServerFailure::memory},
                                          {"53300", ServerFailure::other},
                                          {"57P02", ServerFailure::other},
                                          {"58030", ServerFailure::other},
                                          {"58P01", ServerFailure::none},
                                          {"57XXX", ServerFailure::none},
                                          {"APP01", ServerFailure::none},
                                          {"XX000", ServerFailure::none},
                                          {"23505", ServerFailure::none},
                                          {"", ServerFailure::none}})
    for (const char* words :
         {"out of memory", "No space left on device", "terminating connection", "anything"}) {
      EXPECT_EQ(drill::server_failure(restore::Loss{restore::LossKind::object, "", sqlstate, words}),
                failure);
      EXPECT_EQ(drill::server_failure(ServerError(words, "", sqlstate)), failure);
      EXPECT_EQ(drill::server_failure(Error(words)), ServerFailure::none);
    }
}

TEST(ServerFailure, IsAlsoASystemCallOfOurs) {
  EXPECT_EQ(drill::server_failure(SystemError("words", "", ENOSPC)), drill::ServerFailure::disk);
  EXPECT_EQ(drill::server_failure(SystemError("words", "", ENOMEM)), drill::ServerFailure::memory);
  EXPECT_EQ(drill::server_failure(SystemError("words", "", EACCES)), drill::ServerFailure::none);
}

TEST(ServerFailure, IsAFullQuotaForWhichTheServerHasNoSqlstate) {
  EXPECT_EQ(drill::server_failure(ServerError("could not write: Disk quota exceeded", "", "XX000")),
            drill::ServerFailure::disk);
  EXPECT_EQ(drill::server_failure(ServerError("could not write", "", "XX000")), drill::ServerFailure::none);
}

TEST(WantsAnotherServer, IsSaidBySqlstateAndByWhetherWrappersWereCutOff) {
  const drill::ForeignAccess none;
  EXPECT_TRUE(drill::wants_another_server("08001", none));
  EXPECT_TRUE(drill::wants_another_server("HV00N", none));
  EXPECT_FALSE(drill::wants_another_server("55000", none));
}

TEST(DrillSteps, HoldTheTimesOfTheRestoresSteps) {
  using restore::RestoreStep;
  const auto times = drill::drill_times({{RestoreStep::check, 1},
                                         {RestoreStep::create, 2},
                                         {RestoreStep::roles, 3},
                                         {RestoreStep::pre_data, 4},
                                         {RestoreStep::data, 5},
                                         {RestoreStep::sequences, 6},
                                         {RestoreStep::large_objects, 7},
                                         {RestoreStep::post_data, 8},
                                         {RestoreStep::properties, 9},
                                         {RestoreStep::analyze, 10}});
  std::string text;
  for (const PhaseTime& time : times)
    text += time.name + " " + std::to_string(std::lround(time.seconds)) + "; ";
  EXPECT_EQ(text, "create 3; globals 3; pre-data 4; data 18; post-data 17; analyze 10; ");
}

TEST(RestoreSteps, HaveAWordEachThatTheRecordInATargetKeeps) {
  for (int i = 0; i <= static_cast<int>(restore::RestoreStep::swap); ++i) {
    const auto step = static_cast<restore::RestoreStep>(i);
    EXPECT_EQ(restore::parse_restore_step(to_string(step)), step) << i;
  }
  EXPECT_EQ(to_string(restore::RestoreStep::large_objects), "large objects");
  EXPECT_EQ(restore::parse_restore_step("of a newer version"), std::nullopt);
}

TEST(CheckRestore, FailsWithWhatWasLostAndPassesWithoutAny) {
  restore::RestoreReport report;
  EXPECT_EQ(drill::check_restore(report, {}).at(0).verdict, Verdict::pass);
  report.lost = {{restore::LossKind::object, "", "", "CREATE INDEX i ON t: no"},
                 {restore::LossKind::role, "r", "42704", "role r: no"}};
  const std::vector<Check> checks = drill::check_restore(report, {});
  ASSERT_EQ(checks.size(), 2U);
  EXPECT_EQ(checks[1].id, (CheckId{CheckKind::restore, "r", "role"}));
  EXPECT_EQ(checks[1].verdict, Verdict::fail);
  EXPECT_EQ(checks[1].detail, "role r: no");
}

TEST(CheckRestore, ExcusesWhatCouldNotBeFilledForWantOfAForeignTable) {
  restore::RestoreReport report;
  report.lost = {{restore::LossKind::materialized_view, "public.v", "", "in any words"}};
  proof::DrillCircumstances cut;
  cut.cut_off["public.v"] = {"public", "v"};
  EXPECT_EQ(drill::check_restore(report, cut).at(0).verdict, Verdict::unverified);
  report.lost = {{restore::LossKind::materialized_view, "public.v2", "", "in any words"},
                 {restore::LossKind::object, "public.v", "", "REFRESH MATERIALIZED VIEW public.v: no"}};
  for (const Check& check : drill::check_restore(report, cut)) EXPECT_EQ(check.verdict, Verdict::fail);
}

}  // namespace
}  // namespace pgassay
