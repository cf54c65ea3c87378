#include "source/find_container.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>

namespace pgassay::source {
namespace {

/// What an engine takes for a name or an id, and for no option.
bool is_container_name(const std::string& name) {
  return !name.empty() && std::isalnum(static_cast<unsigned char>(name[0])) &&
         std::ranges::all_of(
             name, [](unsigned char c) { return std::isalnum(c) || c == '_' || c == '.' || c == '-'; });
}

std::vector<std::string> compose_labels(const ContainerName& name) {
  return {"com.docker.compose.project=" + name.compose_project,
          "com.docker.compose.service=" + name.compose_service};
}

[[noreturn]] void throw_not_running(const ContainerCli& engine, const InspectedContainer& container,
                                    const std::map<std::string, std::string>& retired) {
  const char* mend = container.status == "paused" ? "unpause" : "start";
  if (const auto found = retired.find(container.id); found != retired.end())
    throw Error(
        fmt::format("the container {} does not run: its status is {}", container.name, container.status),
        found->second);
  throw Error(
      fmt::format("the container {} does not run: its status is {}", container.name, container.status),
      container.status == "restarting" ? fmt::format("{} logs {}", engine.program(), container.name)
                                       : fmt::format("{} {} {}", engine.program(), mend, container.name));
}

/// Empty: this engine has none of that name.
std::vector<InspectedContainer> those_of(const ContainerCli& engine, const ContainerName& name,
                                         const std::stop_token& stop) {
  // What it says of addresses and mounts is true on its own host only.
  engine.reach(stop);
  if (name.container.empty()) return engine.inspect_labelled(compose_labels(name), stop);
  auto one = engine.inspect(name.container, stop);
  return one ? std::vector{std::move(*one)} : std::vector<InspectedContainer>();
}

std::string how_to_list(const std::string& engine, const ContainerName& name) {
  if (!name.container.empty()) return fmt::format("`{} ps -a` shows those that there are", engine);
  return fmt::format("`{} ps -a --filter label={}` shows those of the project", engine,
                     compose_labels(name)[0]);
}

}  // namespace

std::string ContainerName::shown() const {
  if (!container.empty()) return "container " + container;
  return fmt::format("service {} of the compose project {}", compose_service, compose_project);
}

FoundContainer the_running_one(const ContainerName& name, const ContainerCli& engine,
                               const std::vector<InspectedContainer>& containers) {
  std::vector<InspectedContainer> running;
  std::vector<std::string> names;
  for (const InspectedContainer& one : containers) {
    // `compose run` labels its containers alike.
    const auto oneoff = one.labels.find("com.docker.compose.oneoff");
    if (name.container.empty() && oneoff != one.labels.end() && oneoff->second == "True") continue;
    if (!one.running()) continue;
    running.push_back(one);
    names.push_back(one.name);
  }
  if (running.size() == 1) return {engine, running[0]};
  if (running.empty()) throw_not_running(engine, containers.at(0), name.retired);
  throw UsageError(fmt::format("which one? {} containers run as the {}: {}", running.size(), name.shown(),
                               fmt::join(names, ", ")),
                   "name one: --container, or container = in the configuration");
}

FoundContainer find_container(const ContainerName& name, const std::stop_token& stop) {
  if (!name.container.empty() && !is_container_name(name.container))
    throw UsageError("no container can have that name: " + name.container);
  std::vector<std::string> engines = {"docker", "podman"}, asked;
  if (!name.engine.empty()) engines = {name.engine};
  std::string problem, hint;
  for (const std::string& program : engines) {
    const ContainerCli engine(program);
    if (!engine.installed()) continue;
    try {
      const std::vector<InspectedContainer> containers = those_of(engine, name, stop);
      if (!containers.empty()) return the_running_one(name, engine, containers);
      asked.push_back(program);
    } catch (const NoContainerEngine& error) {
      problem += (problem.empty() ? "" : "; ") + std::string(error.what());
      if (!error.absent() && hint.empty()) hint = error.hint();
    }
  }
  if (asked.empty() && problem.empty())
    throw Error(fmt::format("{}: {} not installed here: not in PATH", name.shown(),
                            name.engine.empty() ? "docker and podman are" : name.engine + " is"),
                "install the engine's client program, or say where the server is (-d 'host=…')");
  if (!problem.empty())
    throw Error(
        fmt::format("{}: {}", name.shown(), problem),
        hint.empty() ? "run pgassay on the engine's host, or say where the server is (-d 'host=…')" : hint);
  throw Error(fmt::format("no {}: {} {} none", name.shown(), fmt::join(asked, " and "),
                          asked.size() == 1 ? "has" : "have"),
              how_to_list(asked[0], name));
}

}  // namespace pgassay::source
