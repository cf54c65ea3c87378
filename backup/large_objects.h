// Large objects: their pages as rows, cut by oid, and one part with owner, comment and privileges of each.
#pragma once

#include "backup/plan.h"
#include "core/postgres/connection.h"

namespace pgassay::backup {

/// Adds their parts to the plan, none when there are no large objects. The connection's snapshot counts.
void plan_large_objects(Plan& plan, LargeObjects& large_objects, Connection& leader,
                        const std::string& encoding);

}  // namespace pgassay::backup
