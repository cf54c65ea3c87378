// [switch.NAME] of the configuration.
#pragma once

#include <map>
#include <string>

#include "cli/config/toml_section.h"
#include "stack/model/settings.h"

namespace pgassay::cli {

/// The stacks that they name must be there; `source` is that of one of them unless it is said.
std::map<std::string, stack::SwitchSettings> read_switches(
    const toml::node& node, const Path& file, const std::map<std::string, stack::StackSettings>& stacks);

}  // namespace pgassay::cli
