#include "drill/server/throwaway_server.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "core/system/error.h"
#include "drill/server/container_engine.h"
#include "drill/server/garbage.h"
#include "drill/server/local_engine.h"
#include "drill/server/throwaway_dir.h"
#include "drill/server/throwaway_ready.h"

namespace pgassay::drill {
namespace {

constexpr std::array<std::pair<std::string_view, Engine>, 4> kEngines = {{{"auto", Engine::automatic},
                                                                          {"docker", Engine::docker},
                                                                          {"podman", Engine::podman},
                                                                          {"local", Engine::local}}};

constexpr std::array<std::pair<std::string_view, Pull>, 3> kPulls = {
    {{"missing", Pull::missing}, {"never", Pull::never}, {"always", Pull::always}}};

void report_what_is_gone(const std::vector<std::string>& lines, Observer& observer) {
  for (const std::string& line : lines)
    observer.message(Level::info, "removed what an earlier drill left: " + line);
}

/// Each in its turn, until one starts. What stood in the way of all of them is one message.
class Attempts {
 public:
  Attempts(const ThrowawayRequest& request, Observer& observer, std::stop_token stop)
      : request_(request), observer_(observer), stop_(std::move(stop)) {}

  std::unique_ptr<ThrowawayServer> first_of(const std::vector<Engine>& engines) {
    for (const Engine engine : engines) {
      try {
        return one(engine);
      } catch (const Unverified& error) {
        observer_.message(Level::info, fmt::format("no drill with {}: {}", to_string(engine), error.what()));
        reasons_ += (reasons_.empty() ? "" : "; ") + std::string(to_string(engine)) + ": " + error.what();
        if (!error.hint().empty()) hints_ += (hints_.empty() ? "" : "; or ") + error.hint();
      }
    }
    throw Unverified("no engine could start a throwaway server: " + reasons_, hints_);
  }

  std::unique_ptr<ThrowawayServer> one(Engine engine) {
    if (engine == Engine::local) return start_local_server(request_, observer_, stop_);
    report_what_is_gone(collect_containers(engine, observer_, stop_), observer_);
    return start_container_server(engine, request_, observer_, stop_);
  }

 private:
  const ThrowawayRequest& request_;
  Observer& observer_;
  std::stop_token stop_;
  std::string reasons_, hints_;
};

std::unique_ptr<ThrowawayServer> start(Engine engine, const ThrowawayRequest& request, Observer& observer,
                                       const std::stop_token& stop) {
  Attempts attempts(request, observer, stop);
  if (engine != Engine::automatic) return attempts.one(engine);
  return attempts.first_of(engines_in_turn(engine, request, stop));
}

}  // namespace

Engine parse_engine(std::string_view text) {
  for (const auto& [name, engine] : kEngines) {
    if (name == text) return engine;
  }
  throw UsageError(fmt::format("no such engine: {}", text), "auto, docker, podman or local");
}

std::string_view to_string(Engine engine) {
  for (const auto& [name, known] : kEngines) {
    if (known == engine) return name;
  }
  return "auto";
}

Pull parse_pull(std::string_view text) {
  for (const auto& [name, pull] : kPulls) {
    if (name == text) return pull;
  }
  throw UsageError(fmt::format("no such pull policy: {}", text), "missing, never or always");
}

std::vector<Engine> engines_in_turn(Engine engine, const ThrowawayRequest& request, std::stop_token stop) {
  if (engine != Engine::automatic) return {engine};
  if (!request.image.empty()) return {Engine::docker, Engine::podman};
  if (has_local_server_of_same_major(request, std::move(stop)))
    return {Engine::local, Engine::docker, Engine::podman};
  return {Engine::docker, Engine::podman, Engine::local};
}

std::unique_ptr<ThrowawayServer> start_throwaway_server(Engine engine, const ThrowawayRequest& request,
                                                        Observer& observer, std::stop_token stop) {
  check_environment();
  report_what_is_gone(collect_dirs(request.work_dir, observer, stop), observer);
  try {
    return start(engine, request, observer, stop);
  } catch (const Error& error) {
    error.raise_if(ErrorKind::stopped, ErrorKind::unverified, ErrorKind::no_container_engine,
                   ErrorKind::another_server);
    throw Unverified(error.what(), error.hint(), error);
  }
}

}  // namespace pgassay::drill
