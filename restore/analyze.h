// The planner's statistics, without which a restored database is slow for no visible reason.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "core/postgres/connection.h"
#include "core/system/observer.h"

namespace pgassay {

/// ANALYZE of every table that is ours to read, over that many connections. A table that can't be analyzed is
/// no loss: it is said in `notes`.
void analyze_tables(const ConnInfo& target, unsigned jobs, std::vector<std::string>& notes,
                    Observer& observer, std::stop_token stop);

}  // namespace pgassay
