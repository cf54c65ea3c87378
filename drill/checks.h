// All that a drill asks a restored database.
#pragma once

#include <stop_token>
#include <vector>

#include "core/system/observer.h"
#include "drill/assertions.h"
#include "drill/foreign_access.h"
#include "proof/accepted.h"
#include "proof/inventory_check.h"
#include "restore/whole/restore.h"

namespace pgassay::drill {

struct DrillQuestions {
  unsigned jobs = 2;
  bool amcheck = false;
  bool accept_other_versions = false;  ///< of extensions and of the collation library
  proof::Accepted accepted;            ///< differences that are no failure
  std::vector<Assertion> assertions;
};

/// A backup that was restored for a drill.
struct RestoredBackup {
  const Manifest& manifest;
  const std::vector<proof::InventoryObject>& inventory;  ///< of the backup
  const restore::RestoreReport& report;
  const ForeignAccess& foreign;  ///< what was cut off before rows were loaded
  ConnInfo database;
  Place backup = {};  ///< the backup's directory; empty: rows of the backup are not looked at
};

struct Answers {
  std::vector<Check> checks;
  std::uint64_t rows = 0;     ///< of tables that were read back
  std::uint64_t objects = 0;  ///< of the inventory that were compared
};

/// Each check is PASS, FAIL or UNVERIFIED; whatever differs is named. Throws ServerError or ConnectionLost
/// when the server itself is in trouble.
Answers check_restored(const RestoredBackup& restored, const DrillQuestions& questions, Observer& observer,
                       std::stop_token stop);

/// Did the restore end clean? One check for each thing lost.
std::vector<Check> check_restore(const restore::RestoreReport& report,
                                 const proof::DrillCircumstances& circumstances);

}  // namespace pgassay::drill
