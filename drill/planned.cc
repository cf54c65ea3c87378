#include "drill/planned.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace pgassay::drill {
namespace {

bool has_pages(const proof::InventoryObject& object) {
  return object.kind == "index" || object.kind == "table" || object.kind == "materialized view";
}

Check unanswered(std::string name, std::string detail) {
  CheckId id = {CheckKind::named, name, "planned"};
  return {std::move(name), Verdict::unverified, std::move(detail), std::move(id)};
}

}  // namespace

PlannedAnswers::PlannedAnswers(const std::vector<proof::InventoryObject>& inventory,
                               const DrillQuestions& questions) {
  for (const proof::InventoryObject& object : inventory) {
    if (proof::is_compared(object)) ++objects_[object.kind];
    if (questions.amcheck && has_pages(object)) structures_.insert(object.identity);
  }
  for (const Assertion& assertion : questions.assertions) assertions_.insert(assertion.name);
}

void PlannedAnswers::objects(const std::map<std::string, std::size_t>& by_kind) {
  for (const auto& [kind, count] : by_kind)
    if (const auto planned = objects_.find(kind); planned != objects_.end())
      planned->second -= std::min(planned->second, count);
}

void PlannedAnswers::assertions(const std::vector<Check>& made) {
  for (const Check& check : made) assertions_.erase(check.id.object);
}

void PlannedAnswers::structures(const std::optional<std::set<std::string>>& looked_at) {
  if (!looked_at) return structures_.clear();
  std::erase_if(structures_, [&](const std::string& one) { return looked_at->contains(one); });
}

std::vector<Check> PlannedAnswers::not_made() const {
  std::vector<Check> checks;
  for (const auto& [kind, count] : objects_)
    if (count > 0)
      checks.push_back(unanswered(
          "objects: " + kind, fmt::format("{} of the inventory were to be compared, and were not", count)));
  if (!properties_) checks.push_back(unanswered("database", "it was to be compared, and was not"));
  for (const std::string& name : assertions_)
    checks.push_back(unanswered("assert " + name, "it was to be asked, and was not"));
  if (structures_.empty()) return checks;
  constexpr std::size_t kShown = 5;
  std::vector<std::string> some(structures_.begin(), structures_.end());
  if (some.size() > kShown) some.resize(kShown);
  checks.push_back(
      unanswered("amcheck not made",
                 fmt::format("{} relations were to be looked at, and were not: {}{}", structures_.size(),
                             fmt::join(some, ", "), structures_.size() > kShown ? ", …" : "")));
  return checks;
}

}  // namespace pgassay::drill
