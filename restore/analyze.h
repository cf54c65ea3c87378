// Statistics for the planner, once all rows are there.
#pragma once

#include <string>
#include <vector>

#include "core/postgres/connection.h"

namespace pgassay {

/// ANALYZE of every table but foreign ones and the parents of such: for those it would go to the other
/// server, where a restored copy has no business, and one that can't be reached would end it. What failed is
/// a note.
void analyze_database(Connection& connection, std::vector<std::string>& notes);

}  // namespace pgassay
