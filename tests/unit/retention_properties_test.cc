// The policy over thousands of random histories, against a second, naive statement of each rule.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <random>

#include "retention/policy.h"
#include "tests/fixtures/backup_at.h"

namespace pgassay {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;

constexpr int kHistories = 3000;

struct History {
  std::vector<Backup> backups;
  retention::RetentionPolicy policy;
  retention::Circumstances circumstances;
};

class Dice {
 public:
  explicit Dice(unsigned seed) : engine_(seed) {}
  int below(int limit) { return std::uniform_int_distribution<int>(0, limit - 1)(engine_); }
  bool one_in(int chance) { return below(chance) == 0; }
  std::mt19937& engine() { return engine_; }

 private:
  std::mt19937 engine_;
};

std::optional<Proofs::Last> some_proof(Dice& dice, Time taken, int rarity) {
  if (dice.one_in(rarity)) return std::nullopt;
  constexpr Verdict kVerdicts[] = {Verdict::pass, Verdict::pass, Verdict::pass,
                                   Verdict::pass, Verdict::fail, Verdict::unverified};
  return Proofs::Last{taken + minutes(9), kVerdicts[dice.below(6)], 1, {}};
}

Backup some_backup(Dice& dice, Time taken) {
  Backup backup = test::backup_at(taken);
  backup.proofs.verified = some_proof(dice, taken, 3);
  if (dice.one_in(4)) backup.proofs.drilled = some_proof(dice, taken, 9);
  if (dice.one_in(20)) backup.proofs.pin = Pin{taken, "why"};
  if (dice.one_in(20)) backup.proofs.unreadable = {"x.verify.json"};
  if (dice.one_in(15)) backup.summary->label = "pre-cutover";
  backup.summary->raw_bytes = backup.summary->rows = static_cast<std::uint64_t>(dice.below(1000));
  if (dice.one_in(10)) backup.proofs.accepted = Pin{taken, "why"};
  if (dice.one_in(15)) backup.summary.reset();
  return backup;
}

retention::RetentionPolicy some_policy(Dice& dice) {
  retention::RetentionPolicy policy;
  policy.keep_days = static_cast<unsigned>(dice.below(15));
  policy.keep_min = 1 + static_cast<unsigned>(dice.below(5));
  for (unsigned* count : {&policy.keep_daily, &policy.keep_weekly, &policy.keep_monthly, &policy.keep_yearly})
    *count = dice.one_in(2) ? 0 : static_cast<unsigned>(dice.below(8));
  if (dice.one_in(4)) policy.pin_labels.clear();
  return policy;
}

/// Nights with gaps and bursts, somewhere between 2023 and 2030: leap days, years of 53 weeks, clock changes.
History some_history(unsigned seed) {
  Dice dice(seed);
  History history;
  Time at = parse_rfc3339("2023-01-01T00:00:00Z") + days(dice.below(2200)) + minutes(dice.below(1440));
  for (int left = dice.below(40); left > 0; --left) {
    if (dice.one_in(12)) at += days(dice.below(200));
    at += dice.one_in(6) ? hours(1 + dice.below(5)) : hours(24);
    history.backups.push_back(some_backup(dice, at));
  }
  history.policy = some_policy(dice);
  history.circumstances.now = at + (dice.one_in(4) ? days(dice.below(400) - 100) : hours(1));
  history.circumstances.after_failed_run = dice.one_in(4);
  if (!history.backups.empty() && dice.one_in(10))
    history.circumstances.ignored_future = {history.backups.back().id.stamp};
  std::shuffle(history.backups.begin(), history.backups.end(), dice.engine());
  return history;
}

std::set<std::string> removed(const History& history) {
  const auto decisions = decide(history.backups, history.policy, history.circumstances);
  std::set<std::string> stamps;
  for (std::size_t i = 0; i < decisions.size(); ++i) {
    if (!decisions[i].keep) stamps.insert(history.backups[i].id.stamp);
  }
  return stamps;
}

History without(History history, const std::set<std::string>& stamps) {
  std::erase_if(history.backups, [&](const Backup& backup) { return stamps.contains(backup.id.stamp); });
  return history;
}

Time taken(const Backup& backup) {
  return backup.summary->snapshot.taken;
}
bool passed(const std::optional<Proofs::Last>& last) {
  return last && last->verdict == Verdict::pass;
}
bool failed(const std::optional<Proofs::Last>& last) {
  return last && last->verdict == Verdict::fail;
}
bool bad(const Backup& backup) {
  return failed(backup.proofs.verified) || failed(backup.proofs.drilled);
}
bool proven(const Backup& backup) {
  return passed(backup.proofs.verified) && !bad(backup) && backup.proofs.unreadable.empty();
}

/// By the C library, which knows its calendar from elsewhere.
std::string period(const Backup& backup, const char* format) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(taken(backup));
  std::tm broken_down;
  gmtime_r(&seconds, &broken_down);
  char text[32];
  std::strftime(text, sizeof text, format, &broken_down);
  return text;
}

/// What a person would say of one backup, looking at all the others.
class Naive {
 public:
  explicit Naive(const History& history) : history_(history) {
    for (const Backup& backup : history.backups) {
      if (backup.summary && !history.circumstances.ignored_future.contains(backup.id.stamp))
        counted_.push_back(backup);
    }
    before_a_fall_ = walk(counted_);
  }

  bool must_stay(const Backup& backup) const {
    if (!backup.summary || history_.circumstances.ignored_future.contains(backup.id.stamp)) return true;
    const auto& labels = history_.policy.pin_labels;
    return !backup.proofs.unreadable.empty() || backup.proofs.pin || is_a_newest(backup) ||
           std::ranges::find(labels, backup.summary->label) != labels.end() || is_young(backup) ||
           is_before_a_fall(backup) || is_one_of_few(backup) || stands_for_a_period(backup) ||
           is_needed_after_failure(backup);
  }

 private:
  template <typename Fits>
  int newer(const Backup& than, Fits fits) const {
    return static_cast<int>(std::ranges::count_if(
        counted_, [&](const Backup& other) { return taken(other) > taken(than) && fits(other); }));
  }
  bool is_a_newest(const Backup& backup) const {
    const auto newest_that = [&](auto fits) { return fits(backup) && newer(backup, fits) == 0; };
    return newest_that([](const Backup&) { return true; }) || newest_that(proven) ||
           newest_that([](const Backup& one) { return passed(one.proofs.verified); }) ||
           newest_that([](const Backup& one) { return passed(one.proofs.drilled) && !bad(one); }) ||
           newest_that([](const Backup& one) { return passed(one.proofs.drilled); });
  }
  bool is_before_a_fall(const Backup& backup) const { return before_a_fall_.contains(backup.id); }
  /// Somebody walks through the nights with what was last accepted in the hand.
  static std::set<BackupId> walk(const std::vector<Backup>& nights) {
    std::vector<const Backup*> walked;
    for (const Backup& night : nights) walked.push_back(&night);
    std::ranges::sort(walked, {}, [](const Backup* one) { return taken(*one); });
    std::size_t in_hand = 0;
    for (std::size_t i = 1; i < walked.size(); ++i)
      if (walked[i]->proofs.accepted || 2 * walked[i]->summary->rows >= walked[in_hand]->summary->rows)
        in_hand = i;
    if (in_hand + 1 >= walked.size()) return {};
    std::set<BackupId> kept = {walked[in_hand]->id};
    while (in_hand > 0 && bad(*walked[in_hand])) --in_hand;
    if (!bad(*walked[in_hand])) kept.insert(walked[in_hand]->id);
    return kept;
  }
  bool is_young(const Backup& backup) const {
    std::optional<Time> newest_proven, newest;
    for (const Backup& other : counted_) {
      if (!newest || *newest < taken(other)) newest = taken(other);
      if (proven(other) && (!newest_proven || *newest_proven < taken(other))) newest_proven = taken(other);
    }
    const Time from = std::min(history_.circumstances.now, newest_proven ? *newest_proven : *newest);
    return taken(backup) + days(history_.policy.keep_days) >= from;
  }
  bool is_one_of_few(const Backup& backup) const {
    return !bad(backup) && newer(backup, std::not_fn(bad)) < static_cast<int>(history_.policy.keep_min);
  }
  bool stands_for(const Backup& backup, unsigned count, const char* format) const {
    if (bad(backup)) return false;
    const std::string own = period(backup, format);
    const auto of_own = [&](const Backup& other) { return !bad(other) && period(other, format) == own; };
    const bool any_proven =
        std::ranges::any_of(counted_, [&](const Backup& one) { return of_own(one) && proven(one); });
    if (any_proven != proven(backup)) return false;
    const auto of_same_rank = [&](const Backup& other) {
      return of_own(other) && proven(other) == any_proven;
    };
    if (newer(backup, of_same_rank) > 0) return false;
    std::set<std::string> later;
    for (const Backup& other : counted_) {
      if (!bad(other) && taken(other) > taken(backup) && period(other, format) != own)
        later.insert(period(other, format));
    }
    return later.size() < count;
  }
  bool stands_for_a_period(const Backup& backup) const {
    const retention::RetentionPolicy& policy = history_.policy;
    return stands_for(backup, policy.keep_daily, "%Y-%m-%d") ||
           stands_for(backup, policy.keep_weekly, "%G-%V") ||
           stands_for(backup, policy.keep_monthly, "%Y-%m") || stands_for(backup, policy.keep_yearly, "%Y");
  }
  bool is_needed_after_failure(const Backup& backup) const {
    if (!history_.circumstances.after_failed_run) return false;
    const auto all = std::ranges::count_if(counted_, proven), few = std::ptrdiff_t{history_.policy.keep_min};
    return all < few || (proven(backup) && newer(backup, proven) < few);
  }

  const History& history_;
  std::vector<Backup> counted_;
  std::set<BackupId> before_a_fall_;
};

TEST(RetentionProperties, ABackupStaysExactlyWhenARuleKeepsIt) {
  std::size_t went = 0;
  for (unsigned seed = 0; seed < kHistories; ++seed) {
    const History history = some_history(seed);
    const std::set<std::string> gone = removed(history);
    const Naive naive(history);
    for (const Backup& backup : history.backups) {
      ASSERT_NE(naive.must_stay(backup), gone.contains(backup.id.stamp))
          << "seed " << seed << ", " << backup.id.stamp;
    }
    went += gone.size();
  }
  EXPECT_GT(went, 10'000u) << "the histories must give something to remove";
}

TEST(RetentionProperties, ALongerPolicyNeverRemovesMore) {
  for (unsigned seed = 0; seed < kHistories; ++seed) {
    History history = some_history(seed);
    const std::set<std::string> before = removed(history);
    Dice dice(seed);
    retention::RetentionPolicy& policy = history.policy;
    for (unsigned* count : {&policy.keep_days, &policy.keep_min, &policy.keep_daily, &policy.keep_weekly,
                            &policy.keep_monthly, &policy.keep_yearly}) {
      *count += static_cast<unsigned>(dice.below(4));
    }
    if (dice.one_in(3)) policy.pin_labels.emplace_back("pre-cutover");
    const std::set<std::string> after = removed(history);
    ASSERT_TRUE(std::ranges::includes(before, after)) << "seed " << seed;
  }
}

TEST(RetentionProperties, ASecondPruneRemovesNothing) {
  for (unsigned seed = 0; seed < kHistories; ++seed) {
    History history = some_history(seed);
    const auto decisions = decide(history.backups, history.policy, history.circumstances);
    // As prune does before it removes.
    if (const auto measure = measure_to_accept(history.backups, decisions, history.policy))
      history.backups[*measure].proofs.accepted = Pin{};
    ASSERT_EQ(removed(without(history, removed(history))), std::set<std::string>()) << "seed " << seed;
  }
}

TEST(RetentionProperties, TheOrderOfTheBackupsDoesNotMatter) {
  for (unsigned seed = 0; seed < kHistories; ++seed) {
    History history = some_history(seed);
    const std::set<std::string> before = removed(history);
    Dice dice(seed + 1);
    std::shuffle(history.backups.begin(), history.backups.end(), dice.engine());
    ASSERT_EQ(removed(history), before) << "seed " << seed;
  }
}

TEST(RetentionProperties, AClockAheadRemovesNoMoreThanOneThatIsRight) {
  for (unsigned seed = 0; seed < kHistories; ++seed) {
    History history = some_history(seed);
    for (const Backup& backup : history.backups) {
      if (backup.summary) history.circumstances.now = std::max(history.circumstances.now, taken(backup));
    }
    const std::set<std::string> before = removed(history);
    history.circumstances.now += days(100'000);
    ASSERT_EQ(removed(history), before) << "seed " << seed;
  }
}

TEST(RetentionProperties, WhereThereWasAProvenBackupThereStillIsOne) {
  for (unsigned seed = 0; seed < kHistories; ++seed) {
    const History history = some_history(seed);
    const History after = without(history, removed(history));
    const auto counts = [](const Backup& backup) { return backup.summary && proven(backup); };
    ASSERT_EQ(std::ranges::any_of(history.backups, counts), std::ranges::any_of(after.backups, counts))
        << "seed " << seed;
  }
}

TEST(RetentionProperties, TheTimeZoneOfTheHostDoesNotMatter) {
  const char* before = std::getenv("TZ");
  const std::string saved = before ? before : "";
  for (unsigned seed = 0; seed < kHistories / 10; ++seed) {
    const History history = some_history(seed);
    std::set<std::set<std::string>> answers;
    for (const char* zone : {"UTC", "Europe/Berlin", "America/New_York", "Pacific/Apia"}) {
      ::setenv("TZ", zone, 1);
      ::tzset();
      answers.insert(removed(history));
    }
    ASSERT_EQ(answers.size(), 1u) << "seed " << seed;
  }
  before ? ::setenv("TZ", saved.c_str(), 1) : ::unsetenv("TZ");
  ::tzset();
}

}  // namespace
}  // namespace pgassay
