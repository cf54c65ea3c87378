// [stack.NAME] of the configuration.
#pragma once

#include <map>
#include <string>

#include "cli/toml_section.h"
#include "stack/settings.h"

namespace pgassay::cli {

std::map<std::string, StackSettings> read_stacks(const toml::node& node, const Path& file);

}  // namespace pgassay::cli
