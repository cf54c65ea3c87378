#include "retention/policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace pgassay::retention {
namespace {

using std::chrono::days;
using std::chrono::floor;

Time taken(const Backup& backup) {
  return backup.summary->snapshot.taken;
}

bool has(const std::optional<Proofs::Last>& last, Verdict verdict) {
  return last && last->verdict == verdict;
}

bool is_bad(const Backup& backup) {
  return has(backup.proofs.verified, Verdict::fail) || has(backup.proofs.drilled, Verdict::fail);
}

/// PASS, and nothing about it is in doubt.
bool is_verified(const Backup& backup) {
  return has(backup.proofs.verified, Verdict::pass) && !is_bad(backup) && backup.proofs.unreadable.empty();
}

std::string day_of(Time time) {
  const std::chrono::year_month_day date(floor<days>(time));
  return fmt::format("{:04}-{:02}-{:02}", int{date.year()}, unsigned{date.month()}, unsigned{date.day()});
}

/// ISO 8601: a week belongs to the year that its Thursday is in.
std::string week_of(Time time) {
  const auto day = floor<days>(time);
  const auto thursday = day + days(4) - days(std::chrono::weekday(day).iso_encoding());
  const std::chrono::year year = std::chrono::year_month_day(thursday).year();
  const auto since_new_year = thursday - std::chrono::sys_days(year / std::chrono::January / 1);
  return fmt::format("{:04}-W{:02}", int{year}, since_new_year.count() / 7 + 1);
}

std::string month_of(Time time) {
  return day_of(time).substr(0, 7);
}

std::string year_of(Time time) {
  return day_of(time).substr(0, 4);
}

class Decider {
 public:
  Decider(std::span<const Backup> backups, const RetentionPolicy& policy, const Circumstances& circumstances)
      : backups_(backups), policy_(policy), circumstances_(circumstances), decisions_(backups.size()) {}

  std::vector<Decision> decide() {
    set_aside();
    keep_newest();
    keep_before_shrink();
    keep_pinned();
    keep_by_age();
    keep_some();
    keep_periods(Rule::keep_daily, policy_.keep_daily, day_of);
    keep_periods(Rule::keep_weekly, policy_.keep_weekly, week_of);
    keep_periods(Rule::keep_monthly, policy_.keep_monthly, month_of);
    keep_periods(Rule::keep_yearly, policy_.keep_yearly, year_of);
    return std::move(decisions_);
  }

 private:
  /// The first rule that keeps a backup is the one that is named.
  void keep(std::size_t index, Rule rule, std::string detail = {}) {
    if (!decisions_[index].keep) decisions_[index] = {true, rule, std::move(detail)};
  }

  /// Fills counted_, newest first.
  void set_aside() {
    for (std::size_t i = 0; i < backups_.size(); ++i) {
      const Backup& backup = backups_[i];
      if (!backup.summary) {
        keep(i, Rule::unreadable);
      } else if (circumstances_.ignored_future.contains(backup.id.stamp)) {
        keep(i, Rule::ignored_future);
      } else {
        counted_.push_back(i);
        if (!backup.proofs.unreadable.empty())
          keep(i, Rule::unreadable_evidence, backup.proofs.unreadable[0]);
      }
    }
    std::sort(counted_.begin(), counted_.end(), [this](std::size_t a, std::size_t b) {
      return std::pair(taken(backups_[a]), stamp_order(backups_[a].id.stamp)) >
             std::pair(taken(backups_[b]), stamp_order(backups_[b].id.stamp));
    });
  }

  template <typename Fits>
  std::optional<std::size_t> newest_that(Fits fits) const {
    const auto found =
        std::find_if(counted_.begin(), counted_.end(), [&](std::size_t i) { return fits(backups_[i]); });
    return found == counted_.end() ? std::nullopt : std::optional(*found);
  }

  template <typename Fits>
  void keep_newest_that(Rule rule, Fits fits) {
    if (const auto index = newest_that(fits)) keep(*index, rule);
  }

  void keep_newest() {
    keep_newest_that(Rule::newest, [](const Backup&) { return true; });
    // Of two proofs that contradict each other either may be wrong.
    keep_newest_that(Rule::newest_verified, is_verified);
    keep_newest_that(Rule::newest_verified,
                     [](const Backup& backup) { return has(backup.proofs.verified, Verdict::pass); });
    keep_newest_that(Rule::newest_drilled, [](const Backup& backup) {
      return has(backup.proofs.drilled, Verdict::pass) && !is_bad(backup);
    });
    keep_newest_that(Rule::newest_drilled,
                     [](const Backup& backup) { return has(backup.proofs.drilled, Verdict::pass); });
  }

  /// The one that the newest is measured by; where it is bad, also the newest before it that is not.
  void keep_before_shrink() {
    std::vector<const Backup*> counted;
    for (const std::size_t i : counted_) counted.push_back(&backups_[i]);
    const std::optional<Shrink> shrink = shrink_of(by_time(std::move(counted)), policy_.shrink_alarm);
    if (!shrink) return;
    const auto before =
        std::ranges::find_if(counted_, [&](std::size_t i) { return &backups_[i] == shrink->accepted; });
    keep(*before, Rule::before_shrink, shrunk_to(*shrink));
    const auto good =
        std::find_if(before, counted_.end(), [&](std::size_t i) { return !is_bad(backups_[i]); });
    if (good != counted_.end()) keep(*good, Rule::before_shrink, shrunk_to(*shrink));
  }

  void keep_pinned() {
    for (const std::size_t i : counted_) {
      const Backup& backup = backups_[i];
      const std::string& label = backup.summary->label;
      if (backup.proofs.pin) keep(i, Rule::pinned, backup.proofs.pin->reason);
      if (std::ranges::find(policy_.pin_labels, label) != policy_.pin_labels.end())
        keep(i, Rule::pin_label, label);
    }
  }

  void keep_by_age() {
    if (counted_.empty()) return;
    const std::size_t reference = newest_that(is_verified).value_or(counted_.front());
    const Time from = std::min(circumstances_.now, taken(backups_[reference]));
    for (const std::size_t i : counted_) {
      const auto age = from - taken(backups_[i]);
      const auto whole_days = std::chrono::duration_cast<days>(age).count();
      if (age <= days(policy_.keep_days)) {
        keep(i, Rule::keep_days);
      } else if (!decisions_[i].keep) {
        decisions_[i].detail = fmt::format("{} days", whole_days);
      }
    }
  }

  /// keep_min, and what is stricter after a failed run.
  void keep_some() {
    unsigned good = 0, verified = 0;
    for (const std::size_t i : counted_) {
      if (!is_bad(backups_[i]) && good++ < policy_.keep_min) keep(i, Rule::keep_min);
    }
    if (!circumstances_.after_failed_run) return;
    for (const std::size_t i : counted_) {
      if (is_verified(backups_[i]) && verified++ < policy_.keep_min) keep(i, Rule::after_failed_run);
    }
    if (verified >= policy_.keep_min) return;
    for (const std::size_t i : counted_)
      keep(i, Rule::after_failed_run, fmt::format("{} verified, not {}", verified, policy_.keep_min));
  }

  void keep_periods(Rule rule, unsigned count, std::string (*period_of)(Time)) {
    std::vector<std::pair<std::string, std::size_t>> chosen;
    for (const std::size_t i : counted_) {
      if (is_bad(backups_[i])) continue;
      std::string period = period_of(taken(backups_[i]));
      if (chosen.empty() || chosen.back().first != period) {
        if (chosen.size() == count) break;
        chosen.emplace_back(std::move(period), i);
      } else if (!is_verified(backups_[chosen.back().second]) && is_verified(backups_[i])) {
        chosen.back().second = i;
      }
    }
    for (auto& [period, index] : chosen) keep(index, rule, std::move(period));
  }

  std::span<const Backup> backups_;
  const RetentionPolicy& policy_;
  const Circumstances& circumstances_;
  std::vector<Decision> decisions_;
  std::vector<std::size_t> counted_;
};

}  // namespace

std::string_view to_string(Rule rule) {
  switch (rule) {
    case Rule::unreadable:
      return "unreadable";
    case Rule::unreadable_evidence:
      return "unreadable_evidence";
    case Rule::ignored_future:
      return "ignored_future";
    case Rule::newest:
      return "newest";
    case Rule::newest_verified:
      return "newest_verified";
    case Rule::newest_drilled:
      return "newest_drilled";
    case Rule::before_shrink:
      return "before_shrink";
    case Rule::pinned:
      return "pinned";
    case Rule::pin_label:
      return "pin_label";
    case Rule::keep_days:
      return "keep_days";
    case Rule::keep_min:
      return "keep_min";
    case Rule::after_failed_run:
      return "after_failed_run";
    case Rule::keep_daily:
      return "keep_daily";
    case Rule::keep_weekly:
      return "keep_weekly";
    case Rule::keep_monthly:
      return "keep_monthly";
    case Rule::keep_yearly:
      return "keep_yearly";
    case Rule::in_use:
      return "in_use";
    case Rule::expired:
      break;
  }
  return "expired";
}

std::vector<Decision> decide(std::span<const Backup> backups, const RetentionPolicy& policy,
                             const Circumstances& circumstances) {
  return Decider(backups, policy, circumstances).decide();
}

std::optional<std::size_t> measure_to_accept(std::span<const Backup> backups,
                                             std::span<const Decision> decisions,
                                             const RetentionPolicy& policy) {
  std::vector<const Backup*> all, staying;
  for (std::size_t i = 0; i < backups.size(); ++i) {
    if (decisions[i].rule == Rule::ignored_future) continue;
    all.push_back(&backups[i]);
    if (decisions[i].keep) staying.push_back(&backups[i]);
  }
  const Backup* measure = newest_accepted(by_time(std::move(all)), policy.shrink_alarm);
  if (measure == newest_accepted(by_time(std::move(staying)), policy.shrink_alarm)) return std::nullopt;
  return static_cast<std::size_t>(measure - backups.data());
}

std::optional<Refused> refusal(std::span<const Backup> backups, std::span<const Decision> decisions,
                               const RetentionPolicy& policy, const Circumstances& circumstances,
                               bool force) {
  const Backup* newest = nullptr;
  std::size_t counted = 0, to_go = 0;
  for (std::size_t i = 0; i < backups.size(); ++i) {
    const Rule rule = decisions[i].rule;
    if (rule == Rule::unreadable || rule == Rule::ignored_future) continue;
    ++counted;
    to_go += decisions[i].keep ? 0 : 1;
    if (newest == nullptr || taken(*newest) < taken(backups[i])) newest = &backups[i];
  }
  if (newest == nullptr) return std::nullopt;
  if (taken(*newest) > circumstances.now + kClockSkew) {
    return Refused(
        fmt::format("{} is dated in the future: it is {} by this host's clock", newest->id.shown(),
                    to_rfc3339(floor<std::chrono::seconds>(circumstances.now))),
        fmt::format("set the clock right; if only that backup is dated wrongly: --ignore-future {}",
                    newest->id.stamp));
  }
  if (force || static_cast<double>(to_go) <= policy.max_delete_fraction * static_cast<double>(counted))
    return std::nullopt;
  return Refused(
      fmt::format("{} of {} backups of {}/{} would go at once, more than max_delete_fraction {} allows",
                  to_go, counted, newest->id.source, newest->id.database, policy.max_delete_fraction),
      "look at which ones with --dry-run; if that is what you want: --force");
}

}  // namespace pgassay::retention
