// --amcheck: the structure of restored indexes and tables, by PostgreSQL's own extension.
#pragma once

#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "core/postgres/connection.h"
#include "core/system/observer.h"
#include "core/system/verdict.h"

namespace pgassay::drill {

/// Makes the extension amcheck in the database where it is not there, then looks at every B-tree index (each
/// row of its table must be in it) and, from PostgreSQL 14 on, every page of every table. One check each that
/// is not sound, else one for all. UNVERIFIED when the server does not have the extension; then nothing is
/// in `looked_at`, else every relation that was looked at or that the extension can say nothing of (of
/// another access method, without pages): an index that is not valid is none of them.
std::vector<Check> check_structure(const ConnInfo& database, unsigned jobs, Observer& observer,
                                   std::stop_token stop, std::optional<std::set<std::string>>& looked_at);

}  // namespace pgassay::drill
