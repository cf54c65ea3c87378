// The databases of a cluster, for a run over all of them.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "core/postgres/connection.h"

namespace pgassay {

/// Those that may be connected to and are no templates, by name. A connection that names no database goes to
/// "postgres".
std::vector<std::string> list_databases(const ConnInfo& connection, std::stop_token stop);

}  // namespace pgassay
