// What a drill has to answer beside the rows (proof/planned.h), listed before anything is asked: what was
// planned and did not run is UNVERIFIED by itself, whatever kept it from running.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/system/verdict.h"
#include "drill/checks.h"

namespace pgassay::drill {

class PlannedAnswers {
 public:
  /// Every object of the inventory, the database's properties, each assertion, and for amcheck every index,
  /// table and materialized view of the inventory.
  PlannedAnswers(const std::vector<proof::InventoryObject>& inventory, const DrillQuestions& questions);

  // What was answered:
  void objects(const std::map<std::string, std::size_t>& by_kind);
  void properties() { properties_ = true; }
  void assertions(const std::vector<Check>& made);
  /// Names as the inventory has them; nothing: another check says why none was looked at.
  void structures(const std::optional<std::set<std::string>>& looked_at);

  /// A check for each kind of objects, assertion and so on that is left.
  std::vector<Check> not_made() const;

 private:
  std::map<std::string, std::size_t> objects_;
  bool properties_ = false;
  std::set<std::string> assertions_, structures_;
};

}  // namespace pgassay::drill
