// --amcheck: the structure of restored indexes and tables, by PostgreSQL's own extension.
#pragma once

#include <stop_token>
#include <vector>

#include "core/postgres/connection.h"
#include "core/system/observer.h"
#include "core/system/verdict.h"

namespace pgassay::drill {

/// Makes the extension amcheck in the database where it is not there, then looks at every B-tree index (each
/// row of its table must be in it) and, from PostgreSQL 14 on, every page of every table. One check each that
/// is not sound, else one for all. UNVERIFIED when the server does not have the extension.
std::vector<Check> check_structure(const ConnInfo& database, unsigned jobs, Observer& observer,
                                   std::stop_token stop);

}  // namespace pgassay::drill
