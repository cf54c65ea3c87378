// A database that lost most of what it held, over many nights of backup and prune.
#include "retention/shrink.h"

#include <gtest/gtest.h>

#include "retention/policy.h"
#include "tests/fixtures/backup_at.h"
#include "tests/fixtures/tonight.h"

namespace pgassay {
namespace {

using std::chrono::days;
using test::backup_at;
using test::verified;

/// Nights with the rows given, each followed by a prune.
class Nights {
 public:
  retention::RetentionPolicy policy;
  std::vector<Backup> backups;
  int alarms = 0;

  Nights() { policy.keep_monthly = 12; }

  /// Did it end with an alarm?
  bool night(std::uint64_t rows) {
    Backup tonight = verified(backup_at(kNow + days(nights_++)));
    tonight.summary->rows = rows;
    tonight.summary->raw_bytes = rows * 80;
    backups.push_back(tonight);
    const bool alarm = retention::shrink_of(backups, policy.shrink_alarm).has_value();
    alarms += alarm ? 1 : 0;
    const auto decisions = retention::decide(backups, policy, {now(), false, {}});
    if (const auto measure = retention::measure_to_accept(backups, decisions, policy))
      backups[*measure].proofs.accepted = Pin{now(), "prune"};
    std::vector<Backup> staying;
    for (std::size_t i = 0; i < backups.size(); ++i)
      if (decisions[i].keep) staying.push_back(backups[i]);
    backups = std::move(staying);
    return alarm;
  }
  Time now() const { return kNow + days(nights_ - 1); }
  bool has_rows(std::uint64_t rows) const {
    return std::ranges::any_of(backups, [&](const Backup& one) { return one.summary->rows == rows; });
  }

 private:
  int nights_ = 0;
};

/// Orders grow; events are kept for two weeks; a staging table is filled on weekdays and emptied at weekends;
/// on the first of a month a quarter of the orders goes into an archive; a table of sessions is emptied now
/// and then.
std::uint64_t ordinary_rows(int night) {
  const std::uint64_t orders = 100'000 + static_cast<std::uint64_t>(night % 30) * 1000;
  const std::uint64_t archive = static_cast<std::uint64_t>(night / 30) * 25'000;
  const std::uint64_t events = 40'000 + static_cast<std::uint64_t>(night % 14) * 3000;
  const std::uint64_t staging = night % 7 < 5 ? 60'000 : 0, sessions = night % 11 == 0 ? 0 : 10'000;
  return orders + archive + events + staging + sessions;
}

TEST(Shrink, SixtyOrdinaryNightsGiveNoAlarm) {
  Nights history;
  for (int night = 0; night < 60; ++night) EXPECT_FALSE(history.night(ordinary_rows(night))) << night;
}

TEST(Shrink, AnEmptyDatabaseIsAnAlarmEachNightAndTheLastFullBackupStays) {
  Nights history;
  for (int night = 0; night < 20; ++night) history.night(ordinary_rows(night));
  history.night(5);
  for (int night = 1; night < 100; ++night) {
    ASSERT_TRUE(history.night(5)) << "night " << night;
    ASSERT_TRUE(history.has_rows(ordinary_rows(19))) << "night " << night;
  }
  const auto decisions = retention::decide(history.backups, history.policy, {history.now(), false, {}});
  std::string kept;
  for (std::size_t i = 0; i < decisions.size(); ++i)
    if (decisions[i].rule == retention::Rule::before_shrink)
      kept += std::to_string(history.backups[i].summary->rows) + ": " + decisions[i].detail;
  EXPECT_EQ(kept, std::to_string(ordinary_rows(19)) + ": 5 rows of " + std::to_string(ordinary_rows(19)));
}

TEST(Shrink, OneThatIsAcceptedEndsTheAlarmForGood) {
  Nights history;
  for (int night = 0; night < 20; ++night) history.night(1000);
  for (int night = 0; night < 3; ++night) EXPECT_TRUE(history.night(100));
  history.backups.back().proofs.accepted = Pin{history.now(), "the archive moved"};
  for (int night = 0; night < 200; ++night) ASSERT_FALSE(history.night(100)) << night;
  EXPECT_TRUE(history.night(49)) << "measured by what was accepted";
}

TEST(Shrink, ANormalNightEndsTheAlarm) {
  Nights history;
  history.night(1000);
  EXPECT_TRUE(history.night(0));
  EXPECT_FALSE(history.night(900));
  EXPECT_FALSE(history.night(900));
}

TEST(Shrink, ADatabaseThatShrinksLittleByLittleGivesNoAlarmWhenThoseBetweenArePruned) {
  Nights history;
  std::uint64_t rows = 1'000'000;
  for (int night = 0; night < 300; ++night, rows = rows * 98 / 100)
    ASSERT_FALSE(history.night(rows)) << "night " << night;
  EXPECT_GT(history.backups.front().summary->rows, 100 * history.backups.back().summary->rows)
      << "the monthly ones of the beginning must be there";
}

TEST(Shrink, WhereTheLastBeforeTheFallIsBadTheLastGoodOneStaysToo) {
  std::vector<Backup> backups = test::nights_before(kNow, 30);
  for (int i = 0; i < 30; ++i) backups[i].summary->rows = i < 10 ? 1000 : 1;
  for (const int i : {8, 9}) backups[i] = verified(backups[i], Verdict::fail);
  const auto decisions = retention::decide(backups, {}, {kNow, false, {}});
  EXPECT_EQ(decisions[9].rule, retention::Rule::before_shrink);
  EXPECT_EQ(decisions[7].rule, retention::Rule::before_shrink);
  EXPECT_FALSE(decisions[8].keep);
}

TEST(Shrink, BackupsThatCannotBeReadOrAreOfTheFutureMeasureNothing) {
  std::vector<Backup> backups = test::nights_before(kNow, 3);
  for (int i : {0, 1, 2}) backups[i].summary->rows = 10;
  backups[1].summary.reset();
  EXPECT_FALSE(retention::shrink_of(backups, 0.5));
  backups.push_back(backup_at(kNow + days(300)));
  backups.back().summary->rows = 1000;
  const auto decisions = retention::decide(backups, {}, {kNow, false, {backups.back().id.stamp}});
  EXPECT_FALSE(retention::measure_to_accept(backups, decisions, {}));
}

}  // namespace
}  // namespace pgassay
