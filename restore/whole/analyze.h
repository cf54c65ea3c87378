// Statistics for the planner, once all rows are there.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "core/postgres/connection.h"
#include "restore/loss.h"

namespace pgassay::restore {

/// ANALYZE of every table, by `jobs` connections, but foreign ones and the parents of such: for those it
/// would go to the other server, where a restored copy has no business, and one that can't be reached would
/// end it. What failed is a note.
void analyze_database(const ConnInfo& target, unsigned jobs, std::vector<Note>& notes, std::stop_token stop);

}  // namespace pgassay::restore
