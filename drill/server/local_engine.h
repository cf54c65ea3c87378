#pragma once

#include <memory>
#include <stop_token>
#include <string>

#include "drill/server/throwaway_dir.h"
#include "drill/server/throwaway_server.h"

namespace pgassay::drill {

/// Is there a server of the source's own major release on this host?
bool has_local_server_of_same_major(const ThrowawayRequest& request, std::stop_token stop);

/// initdb and postgres of this host, behind walls (drill/server/walls.h). See start_throwaway_server.
std::unique_ptr<ThrowawayServer> start_local_server(const ThrowawayRequest& request, Observer& observer,
                                                    std::stop_token stop);

/// What it would be, in words. Throws Unverified as start_local_server would, as far as that can be seen.
std::string look_at_local_server(const ThrowawayRequest& request, std::stop_token stop);

}  // namespace pgassay::drill
