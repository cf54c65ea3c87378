// What the entrypoint of PostgreSQL's images runs when the server first starts, on an empty volume
// (https://hub.docker.com/_/postgres, "Initialization scripts"): after it the database is not empty.
#pragma once

#include <string>
#include <vector>

#include "stack/model/compose_model.h"

namespace pgassay::stack {

inline constexpr char kFirstStartDir[] = "/docker-entrypoint-initdb.d";

/// Names of the scripts among them.
std::vector<std::string> scripts_among(const std::vector<std::string>& names);
/// Of those that are mounted from this host: by their names in the container.
std::vector<std::string> mounted_first_start_scripts(const ComposeService& database);

}  // namespace pgassay::stack
