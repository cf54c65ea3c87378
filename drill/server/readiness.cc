#include "drill/server/readiness.h"

#include <fmt/format.h>

#include "core/system/error.h"
#include "drill/server/container_engine.h"
#include "drill/server/local_engine.h"
#include "drill/server/throwaway_settings.h"
#include "drill/server/walls.h"

namespace pgassay::drill {
namespace {

/// What `look` says, or why it could not.
template <typename Look>
EngineSight sight_of(Engine engine, Look look) {
  try {
    return {engine, true, look(), {}};
  } catch (const Error& error) {
    error.raise_if(ErrorKind::stopped);
    return {engine, false, error.what(), error.hint()};
  }
}

std::string local_servers(std::stop_token stop) {
  std::string found;
  const std::vector<PgTool> tools = find_pg_tools("postgres", stop);
  for (const PgTool& tool : tools)
    found += (found.empty() ? "this host's PostgreSQL " : ", ") + tool.version_text;
  if (found.empty())
    throw Unverified(
        "no PostgreSQL server's programs in PATH and /usr/lib/postgresql/*/bin",
        "apt install postgresql, or postgresql-NN of your server's major version or a later one");
  const Walls walls(Path(tools.front().argv.back()).parent_path(), WallsWanted{}, stop);
  return found + ", behind " + walls.described();
}

}  // namespace

std::vector<EngineSight> engines_of_this_host(std::stop_token stop) {
  std::vector<EngineSight> sights;
  for (const Engine engine : {Engine::docker, Engine::podman})
    sights.push_back(sight_of(engine, [&] {
      const std::string program(to_string(engine));
      return program + " " + reach_for_drill(ContainerCli(program), stop);
    }));
  sights.push_back(sight_of(Engine::local, [&] { return local_servers(stop); }));
  return sights;
}

std::vector<EngineSight> engines_for(Engine engine, const ThrowawayRequest& request, std::stop_token stop) {
  std::vector<EngineSight> sights;
  for (const Engine one : engines_in_turn(engine, request, stop))
    sights.push_back(sight_of(one, [&] {
      memory_for(request);
      return one == Engine::local ? look_at_local_server(request, stop)
                                  : look_at_container_server(one, request, stop);
    }));
  return sights;
}

}  // namespace pgassay::drill
