// [stack.NAME] of the configuration.
#pragma once

#include <map>
#include <string>

#include "cli/config/toml_section.h"
#include "stack/model/settings.h"

namespace pgassay::cli {

/// `traefik`: what is to hold where a stack says nothing else.
std::map<std::string, stack::StackSettings> read_stacks(const toml::node& node,
                                                        const stack::TraefikSettings& traefik,
                                                        const Path& file);

}  // namespace pgassay::cli
