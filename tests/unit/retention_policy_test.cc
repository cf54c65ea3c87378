#include "retention/policy.h"

#include <gtest/gtest.h>

#include <map>

#include "tests/fixtures/backup_at.h"
#include "tests/fixtures/tonight.h"

namespace pgassay {
namespace {

using std::chrono::days;
using std::chrono::hours;
using test::backup_at;
using test::drilled;
using test::verified;

/// Only the rules that a test asks for; keep_min can't be less than 1.
retention::RetentionPolicy nothing_but_one() {
  retention::RetentionPolicy policy;
  policy.keep_days = 0;
  policy.keep_min = 1;
  return policy;
}

/// One at 02:00 on each of so many days up to kNow, oldest first, verified.
std::vector<Backup> some_nights(int count) {
  return test::nights_before(kNow, count);
}

retention::Circumstances at(Time now) {
  return {now, false, {}};
}

std::map<std::string, retention::Rule> kept(const std::vector<Backup>& backups,
                                            const retention::RetentionPolicy& policy,
                                            const retention::Circumstances& circumstances = at(kNow)) {
  const std::vector<retention::Decision> decisions = decide(backups, policy, circumstances);
  std::map<std::string, retention::Rule> rules;
  for (std::size_t i = 0; i < backups.size(); ++i) {
    EXPECT_EQ(decisions[i].keep, decisions[i].rule != retention::Rule::expired);
    if (decisions[i].keep) rules[backups[i].id.stamp] = decisions[i].rule;
  }
  return rules;
}

retention::Rule rule_of(const Backup& backup, const std::vector<Backup>& backups,
                        const retention::RetentionPolicy& policy,
                        const retention::Circumstances& circumstances = at(kNow)) {
  const auto rules = kept(backups, policy, circumstances);
  const auto found = rules.find(backup.id.stamp);
  return found == rules.end() ? retention::Rule::expired : found->second;
}

TEST(Retention, KeepsSevenDaysUnlessToldOtherwise) {
  const auto rules = kept(some_nights(30), {});
  EXPECT_EQ(rules.size(), 8u);  // tonight's, and those of seven nights before it
  EXPECT_TRUE(rules.contains("20261116T020000Z"));
  EXPECT_FALSE(rules.contains("20261115T020000Z"));
}

TEST(Retention, NeverTakesTheNewestBackupThoughItIsBad) {
  const std::vector<Backup> backups = {verified(backup_at(kNow - days(9))),
                                       verified(backup_at(kNow - days(1)), Verdict::fail)};
  EXPECT_EQ(rule_of(backups[1], backups, nothing_but_one()), retention::Rule::newest);
}

TEST(Retention, KeepsTheNewestVerifiedBackupThoughItIsTooOld) {
  const std::vector<Backup> backups = {verified(backup_at(kNow - days(300))), backup_at(kNow - days(3)),
                                       backup_at(kNow - days(1))};
  EXPECT_EQ(rule_of(backups[0], backups, nothing_but_one()), retention::Rule::newest_verified);
}

TEST(Retention, KeepsTheNewestDrilledBackupThoughItIsTooOld) {
  std::vector<Backup> backups = some_nights(20);
  backups[2] = drilled(backups[2]);
  EXPECT_EQ(rule_of(backups[2], backups, {}), retention::Rule::newest_drilled);
}

TEST(Retention, OneThatADrillFoundBadIsNotTheNewestVerifiedOne) {
  std::vector<Backup> backups = some_nights(3);
  for (const int i : {1, 2}) backups[i] = drilled(backups[i], Verdict::fail);
  EXPECT_EQ(rule_of(backups[0], backups, nothing_but_one()), retention::Rule::newest_verified);
}

TEST(Retention, UnverifiedIsNotVerified) {
  const std::vector<Backup> backups = {verified(backup_at(kNow - days(30))),
                                       verified(backup_at(kNow - days(2)), Verdict::unverified),
                                       backup_at(kNow - days(1))};
  EXPECT_EQ(rule_of(backups[0], backups, nothing_but_one()), retention::Rule::newest_verified);
}

TEST(Retention, KeepsPinnedBackupsAndThoseWhoseLabelPins) {
  std::vector<Backup> backups = some_nights(20);
  backups[0].proofs.pin = Pin{kNow, "before the migration"};
  backups[1].summary->label = "pre-cutover";
  backups[2].summary->label = "pre-cutover 2";
  EXPECT_EQ(rule_of(backups[0], backups, {}), retention::Rule::pinned);
  EXPECT_EQ(rule_of(backups[1], backups, {}), retention::Rule::pin_label);
  EXPECT_EQ(rule_of(backups[2], backups, {}), retention::Rule::expired);
  EXPECT_EQ(decide(backups, {}, at(kNow))[0].detail, "before the migration");
}

TEST(Retention, KeepsTheNewestThatAreNotKnownToBeBad) {
  std::vector<Backup> backups = {backup_at(kNow - days(40)), backup_at(kNow - days(30)),
                                 verified(backup_at(kNow - days(20)), Verdict::fail),
                                 backup_at(kNow - days(10)), backup_at(kNow - days(1))};
  retention::RetentionPolicy policy = nothing_but_one();
  policy.keep_min = 3;
  EXPECT_EQ(rule_of(backups[1], backups, policy), retention::Rule::keep_min);
  EXPECT_EQ(rule_of(backups[2], backups, policy), retention::Rule::expired);
  EXPECT_EQ(rule_of(backups[0], backups, policy), retention::Rule::expired);
}

TEST(Retention, AClockThatJumpsAheadLetsNothingExpire) {
  EXPECT_EQ(kept(some_nights(30), {}, at(kNow + days(4000))), kept(some_nights(30), {}));
}

TEST(Retention, WeeksWithoutABackupLetNothingExpire) {
  EXPECT_EQ(kept(some_nights(8), {}, at(kNow + days(60))).size(), 8u);
}

TEST(Retention, WeeksWithoutAVerifiedBackupLetNothingExpireThatIsNeeded) {
  std::vector<Backup> backups = some_nights(20);
  for (std::size_t i = 8; i < backups.size(); ++i) backups[i].proofs = {};
  EXPECT_EQ(kept(backups, {}).size(), 20u);
}

TEST(Retention, WithoutAnyVerifiedBackupAgesCountFromTheNewest) {
  std::vector<Backup> backups = some_nights(20);
  for (Backup& backup : backups) backup.proofs = {};
  EXPECT_EQ(kept(backups, {}, at(kNow + days(100))).size(), 8u);
}

TEST(Retention, AnUnreadableBackupIsKeptAndLeftOutOfEveryCount) {
  std::vector<Backup> backups = some_nights(6);
  backups.back().summary.reset();
  const auto rules = kept(backups, nothing_but_one());
  EXPECT_EQ(rules.at(backups[5].id.stamp), retention::Rule::unreadable);
  EXPECT_EQ(rules.at(backups[4].id.stamp), retention::Rule::newest);
  EXPECT_EQ(rules.size(), 2u);
}

TEST(Retention, UnreadableEvidenceKeepsABackupAndProvesNothing) {
  std::vector<Backup> backups = some_nights(6);
  backups[4].proofs.unreadable = {"20261122T020000Z.drill.json"};
  backups[5].proofs.verified.reset();
  const auto rules = kept(backups, nothing_but_one());
  EXPECT_EQ(rules.at(backups[4].id.stamp), retention::Rule::unreadable_evidence);
  EXPECT_EQ(rules.at(backups[3].id.stamp), retention::Rule::newest_verified);
}

TEST(Retention, ADayAWeekAMonthAndAYearKeepTheirNewestBackup) {
  const std::vector<Backup> backups = some_nights(800);
  retention::RetentionPolicy policy = nothing_but_one();
  policy.keep_daily = 2;
  policy.keep_weekly = 3;
  policy.keep_monthly = 3;
  policy.keep_yearly = 2;
  const std::map<std::string, retention::Rule> expected = {
      {"20261123T020000Z", retention::Rule::newest},  // Monday, and the newest of its day, week, month and
                                                      // year
      {"20261122T020000Z", retention::Rule::keep_daily},   // Sunday
      {"20261115T020000Z", retention::Rule::keep_weekly},  // the Sunday before; the 22nd is the second week's
      {"20261031T020000Z", retention::Rule::keep_monthly},
      {"20260930T020000Z", retention::Rule::keep_monthly},
      {"20251231T020000Z", retention::Rule::keep_yearly}};
  EXPECT_EQ(kept(backups, policy), expected);
}

/// docs/retention.md, "A calendar".
TEST(Retention, TheCalendarOfTheManualIsTrue) {
  retention::RetentionPolicy policy;
  policy.keep_weekly = 4;
  policy.keep_monthly = 3;
  std::map<std::string, retention::Rule> expected = {{"20261123T020000Z", retention::Rule::newest},
                                                     {"20261115T020000Z", retention::Rule::keep_weekly},
                                                     {"20261108T020000Z", retention::Rule::keep_weekly},
                                                     {"20261031T020000Z", retention::Rule::keep_monthly},
                                                     {"20260930T020000Z", retention::Rule::keep_monthly}};
  for (int day = 16; day <= 22; ++day)
    expected["202611" + std::to_string(day) + "T020000Z"] = retention::Rule::keep_days;
  EXPECT_EQ(expected.size(), 12u);
  EXPECT_EQ(kept(some_nights(100), policy), expected);
}

TEST(Retention, APeriodIsRepresentedByAVerifiedBackupWhereThereIsOne) {
  std::vector<Backup> backups = {verified(backup_at("2026-09-10T02:00:00Z")),
                                 backup_at("2026-09-20T02:00:00Z"),
                                 verified(backup_at("2026-09-30T02:00:00Z"), Verdict::fail),
                                 verified(backup_at("2026-11-23T02:00:00Z"))};
  retention::RetentionPolicy policy = nothing_but_one();
  policy.keep_monthly = 2;
  EXPECT_EQ(rule_of(backups[0], backups, policy), retention::Rule::keep_monthly);
  EXPECT_EQ(kept(backups, policy).size(), 2u);
}

TEST(Retention, WeeksAreThoseOfIso8601AcrossTheYearsEnd) {
  // 2026 has 53 weeks; Friday 1 January 2027 is in the last of them.
  const std::vector<Backup> backups = {backup_at("2026-12-27T02:00:00Z"), backup_at("2026-12-28T02:00:00Z"),
                                       backup_at("2027-01-03T02:00:00Z"), backup_at("2027-01-04T02:00:00Z")};
  retention::RetentionPolicy policy = nothing_but_one();
  policy.keep_weekly = 3;
  const auto decisions = decide(backups, policy, at(parse_rfc3339("2027-01-04T03:00:00Z")));
  EXPECT_EQ(decisions[0].detail, "2026-W52");
  EXPECT_FALSE(decisions[1].keep);
  EXPECT_EQ(decisions[2].detail, "2026-W53");
}

TEST(Retention, ALeapDayIsADayOfItsMonth) {
  const std::vector<Backup> backups = {backup_at("2028-01-31T23:59:59Z"), backup_at("2028-02-28T12:00:00Z"),
                                       backup_at("2028-02-29T23:59:59Z"), backup_at("2028-03-01T00:00:00Z")};
  retention::RetentionPolicy policy = nothing_but_one();
  policy.keep_monthly = 2;
  const auto decisions = decide(backups, policy, at(parse_rfc3339("2028-03-01T01:00:00Z")));
  EXPECT_EQ(decisions[2].detail, "2028-02");
  EXPECT_FALSE(decisions[1].keep);
}

TEST(Retention, AfterAFailedRunNothingGoesUnlessEnoughVerifiedBackupsRemain) {
  std::vector<Backup> backups = some_nights(30);
  retention::Circumstances failed{kNow, true, {}};
  EXPECT_EQ(kept(backups, {}, failed).size(), 8u);
  for (std::size_t i = 0; i < backups.size(); ++i) {
    if (i != 3 && i != 9) backups[i].proofs = {};
  }
  EXPECT_EQ(kept(backups, {}, failed).size(), backups.size());
  backups[5] = verified(backups[5]);
  const auto rules = kept(backups, {}, failed);
  EXPECT_EQ(rules.size(),
            30u - 2u);  // ages count from the newest verified, the tenth: seven days, and the fourth
  EXPECT_EQ(rules.at(backups[3].id.stamp), retention::Rule::keep_days);
}

TEST(Retention, AClockBehindTheNewestBackupRefuses) {
  const std::vector<Backup> backups = some_nights(3);
  const retention::Circumstances behind = at(kNow - days(1));
  const auto no = refusal(backups, decide(backups, {}, behind), {}, behind, true);
  ASSERT_TRUE(no);
  EXPECT_NE(std::string(no->what()).find("20261123T020000Z is dated in the future"), std::string::npos);
  EXPECT_NE(no->hint().find("--ignore-future 20261123T020000Z"), std::string::npos);
}

TEST(Retention, ClocksThatDifferByAMinuteRefuseNothing) {
  const std::vector<Backup> backups = {backup_at(kNow + std::chrono::minutes(1))};
  EXPECT_FALSE(refusal(backups, decide(backups, {}, at(kNow)), {}, at(kNow), false));
}

TEST(Retention, ABackupDatedInTheFutureThatIsNamedIsKeptAndNotCounted) {
  std::vector<Backup> backups = some_nights(5);
  backups.push_back(verified(backup_at(kNow + days(365))));
  const retention::Circumstances circumstances{kNow, false, {backups.back().id.stamp}};
  const auto rules = kept(backups, nothing_but_one(), circumstances);
  EXPECT_EQ(rules.at(backups[5].id.stamp), retention::Rule::ignored_future);
  EXPECT_EQ(rules.at(backups[4].id.stamp), retention::Rule::newest);
  retention::RetentionPolicy lenient = nothing_but_one();
  lenient.max_delete_fraction = 1;
  EXPECT_FALSE(refusal(backups, decide(backups, lenient, circumstances), lenient, circumstances, false));
}

TEST(Retention, MoreThanTheFractionAtOnceNeedsForce) {
  const std::vector<Backup> backups = some_nights(17);  // nine of them are too old
  const std::vector<retention::Decision> decisions = decide(backups, {}, at(kNow));
  EXPECT_TRUE(refusal(backups, decisions, {}, at(kNow), false));
  EXPECT_FALSE(refusal(backups, decisions, {}, at(kNow), true));
  const std::vector<Backup> fewer(backups.begin() + 1,
                                  backups.end());  // eight of sixteen: not more than half
  EXPECT_FALSE(refusal(fewer, decide(fewer, {}, at(kNow)), {}, at(kNow), false));
}

TEST(Retention, OfNoBackupsNothingGoesAndNothingIsRefused) {
  EXPECT_TRUE(decide({}, {}, at(kNow)).empty());
  EXPECT_FALSE(refusal({}, {}, {}, at(kNow), false));
}

}  // namespace
}  // namespace pgassay
