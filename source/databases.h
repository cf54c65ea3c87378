// The databases of a cluster, for a run over all of them.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "core/postgres/connection.h"
#include "core/system/observer.h"

namespace pgassay::source {

/// Those that may be connected to and are no templates, by name. A connection that names no database goes to
/// "postgres".
std::vector<std::string> list_databases(const ConnInfo& connection, std::stop_token stop);

/// Without those that a pattern (* and ?) fits, which the observer is told of; a pattern that fits none is a
/// warning. Throws UsageError when none is left.
std::vector<std::string> without_excluded(const std::vector<std::string>& databases,
                                          const std::vector<std::string>& patterns, Observer& observer);

}  // namespace pgassay::source
