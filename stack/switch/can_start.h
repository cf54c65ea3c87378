// Could containers that were stopped be started again? Looked at before anything is stopped for them.
#pragma once

#include <optional>
#include <string>

#include "core/system/error.h"
#include "stack/switch/containers.h"
#include "stack/switch/state.h"

namespace pgassay::stack {

/// Of the old containers that ran and do not run now, the first thing in the way: a port that somebody holds
/// whom a rollback does not stop, a volume, a directory or a network that is gone. Nothing: none was found.
std::optional<Refused> in_the_way_of_starting(const SwitchState& state, const StackContainers& containers,
                                              const std::stop_token& stop);

/// Does a process of this host listen there? A port that we may not try is not taken.
bool is_taken(const std::string& address, unsigned port, const std::string& protocol);

}  // namespace pgassay::stack
