// Triggers and foreign keys of tables that rows are loaded into: switched off for the transaction, and
// foreign keys checked at its end.
#pragma once

#include <string>
#include <vector>

#include "core/postgres/connection.h"

namespace pgassay::restore {

struct ForeignKey {
  std::string name, child, parent;  ///< as messages show them
  std::string orphans;              ///< SQL that counts the rows that refer to none
};

class TriggersOff {
 public:
  /// In the transaction that the connection is in. Partitions of the tables count as well. Throws Refused
  /// where there are triggers or foreign keys that can't be switched off: for want of a privilege, or because
  /// they are ENABLE ALWAYS or REPLICA; or keys that would not be checked.
  TriggersOff(Connection& connection, const std::vector<Oid>& tables);
  /// Throws Error naming a foreign key that does not hold, and how many rows break it.
  void check_foreign_keys();
  const std::vector<std::string>& triggers() const { return triggers_; }  ///< those that do not fire

 private:
  void find(const std::string& tables);
  void switch_off();

  Connection& connection_;
  std::vector<std::string> triggers_, stubborn_;
  std::vector<ForeignKey> foreign_keys_;
  bool off_ = false;
};

}  // namespace pgassay::restore
