#pragma once

#include <map>
#include <string>

#include "cli/config/config.h"
#include "cli/config/toml_section.h"

namespace pgassay::cli {

/// [store.NAME]
std::map<std::string, StoreConfig> read_stores(const toml::node& node, const Path& file);

}  // namespace pgassay::cli
