// Large objects: their pages as rows, cut by oid, and one part with owner, comment and privileges of each.
#pragma once

#include "backup/plan.h"
#include "core/postgres/connection.h"

namespace pgassay::backup {

/// Adds them to the plan, and says whether there are any. The connection's snapshot counts.
bool plan_large_objects(Plan& plan, Connection& leader, const std::string& encoding);

}  // namespace pgassay::backup
