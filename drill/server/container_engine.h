#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "core/container/container_cli.h"
#include "drill/server/throwaway_server.h"

namespace pgassay::drill {

/// A container of docker or podman, which must follow the conventions of the official image's entrypoint
/// (POSTGRES_*, PGDATA, a temporary server first). See start_throwaway_server.
std::unique_ptr<ThrowawayServer> start_container_server(Engine engine, const ThrowawayRequest& request,
                                                        Observer& observer, std::stop_token stop);

/// ContainerCli::reach(), but where the engine is not here the hint says what a drill can do without it.
std::string reach_for_drill(const ContainerCli& cli, std::stop_token stop);

/// What it would be, in words. Throws Unverified as start_container_server would, as far as that can be seen;
/// pulls nothing.
std::string look_at_container_server(Engine engine, const ThrowawayRequest& request, std::stop_token stop);

/// The containers that drills of this user left behind, by label: {program, name} and why.
struct AbandonedContainer {
  ContainerCli cli;
  std::string name, backup_id, why;
};
/// Nothing where the engine is not installed or can't be reached.
std::vector<AbandonedContainer> abandoned_containers(Engine engine, std::stop_token stop);

}  // namespace pgassay::drill
