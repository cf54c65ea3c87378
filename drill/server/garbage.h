// What collect_garbage is made of, for a start that needs only a part of it.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "drill/server/throwaway_server.h"

namespace pgassay::drill {

/// Directories, each with the server or container that its marker names.
std::vector<std::string> collect_dirs(const Path& work_dir, Observer& observer, std::stop_token stop);
/// Containers of docker or podman that no directory leads to any more. Asks the engine, which takes a moment.
std::vector<std::string> collect_containers(Engine engine, Observer& observer, std::stop_token stop);

}  // namespace pgassay::drill
