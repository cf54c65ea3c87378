// The roles that a restore made, against those of the source.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "core/postgres/roles.h"
#include "core/system/verdict.h"

namespace pgassay::proof {

struct RolesThere {
  std::vector<RoleFacts> roles;   ///< all of the server
  std::vector<std::string> made;  ///< those that the restore made
  std::set<std::string> told;     ///< of which it is said already that they could not be made as they were
};

/// A check for each role that is missing, is another, was none of the source's or is in doubt; one that
/// passes where there is none of these. What only one of the two releases knows of a membership is not
/// compared. `excuse`: why a difference proves nothing; empty: nothing does.
std::vector<Check> compare_roles(const std::vector<RoleFacts>& then, const RolesThere& now,
                                 const std::string& excuse);

}  // namespace pgassay::proof
