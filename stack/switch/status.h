// What there is of a stack now, and where a switch stands.
#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "stack/model/settings.h"
#include "stack/switch/containers.h"
#include "stack/switch/state.h"

namespace pgassay::stack {

struct StackVolume {
  std::string name;
  std::optional<std::uint64_t> bytes;  ///< on disk; absent: we may not look, or it is on another host
};

struct StackStatus {
  std::string name, project;
  std::string problem;  ///< why nothing is known of what runs; empty: it is
  std::vector<StackContainer> containers;
  std::vector<StackVolume> volumes;   ///< that compose made for it
  std::vector<std::string> networks;  ///< that compose made for it
};

struct SwitchStatus {
  std::string name;
  Path journal;
  SwitchState state;
  bool under_way = false;         ///< a switch, or a rollback of it, goes on now
  std::string problem;            ///< why the journal can't be read
  std::vector<std::string> next;  ///< commands: what may be done now

  bool is_of(const std::string& stack) const {
    return state.fact(fact::kFrom) == stack || state.fact(fact::kTo) == stack;
  }
};

StackStatus stack_status(const StackSettings& stack, const std::stop_token& stop);
/// Of the newest journal of that name; one that was never begun stands at "none".
SwitchStatus switch_status(const Repository& repository, const std::string& name);

}  // namespace pgassay::stack
