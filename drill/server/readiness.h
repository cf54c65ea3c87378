// Could a drill start here? What start_throwaway_server would run into, seen without starting or making
// anything.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "drill/server/throwaway_server.h"

namespace pgassay::drill {

/// One engine of this host.
struct EngineSight {
  Engine engine;
  bool usable;
  std::string text, hint;  ///< what it is, or why it is of no use and what to do
};

/// docker, podman, local: is there one at all?
std::vector<EngineSight> engines_of_this_host(std::stop_token stop);

/// Those that start_throwaway_server would try, in its order: is the server there, or its image (or may it be
/// pulled), memory, room, and a pg_restore that reads the archive? What only shows when it starts (libraries,
/// extensions) is not looked at.
std::vector<EngineSight> engines_for(Engine engine, const ThrowawayRequest& request, std::stop_token stop);

}  // namespace pgassay::drill
