#include "verify/findings.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace pgassay::verify {
namespace {

std::string with_more(const std::string& first, std::size_t count) {
  return count > 1 ? fmt::format("{} (and {} more)", first, count - 1) : first;
}

}  // namespace

void VerifyFindings::add(const std::string& check, Finding finding) {
  const std::lock_guard guard(mutex_);
  by_check_[check].push_back(std::move(finding));
}

void VerifyFindings::fail(const std::string& check, std::string why) {
  const std::lock_guard guard(mutex_);
  failed_.emplace(check, std::move(why));
}

void VerifyFindings::unverified(const std::string& check, std::string why) {
  const std::lock_guard guard(mutex_);
  unverified_[check].insert(std::move(why));
}

bool VerifyFindings::any(const std::string& check) const {
  const std::lock_guard guard(mutex_);
  return by_check_.contains(check) || failed_.contains(check) || unverified_.contains(check);
}

bool VerifyFindings::out_of_reach(const std::string& check) const {
  const std::lock_guard guard(mutex_);
  return unverified_.contains(check) && !by_check_.contains(check) && !failed_.contains(check);
}

std::vector<Finding> VerifyFindings::sorted() const {
  const std::lock_guard guard(mutex_);
  std::vector<Finding> all;
  for (const auto& [check, findings] : by_check_) all.insert(all.end(), findings.begin(), findings.end());
  std::sort(all.begin(), all.end(), [](const Finding& a, const Finding& b) {
    return std::tie(a.file, a.kind, a.detail) < std::tie(b.file, b.kind, b.detail);
  });
  return all;
}

Check VerifyFindings::conclude(const std::string& check, const std::string& fine) const {
  const std::lock_guard guard(mutex_);
  const auto found = by_check_.find(check);
  const auto failed = failed_.find(check);
  if (found == by_check_.end() && failed != failed_.end()) return {check, Verdict::fail, failed->second};
  if (found == by_check_.end()) {
    const auto unread = unverified_.find(check);
    if (unread == unverified_.end()) return {check, Verdict::pass, fine};
    return {check, Verdict::unverified, with_more(*unread->second.begin(), unread->second.size())};
  }
  // Workers find in any order.
  const auto& findings = found->second;
  const Finding& first = *std::min_element(
      findings.begin(), findings.end(),
      [](const Finding& a, const Finding& b) { return std::tie(a.file, a.kind) < std::tie(b.file, b.kind); });
  return {check, Verdict::fail, with_more(first.file + ": " + first.detail, findings.size())};
}

std::string grouped(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, 1, ',');
  return digits;
}

}  // namespace pgassay::verify
