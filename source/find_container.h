// Which container is meant: by its name, or by the labels of docker compose.
#pragma once

#include <map>
#include <stop_token>
#include <string>
#include <vector>

#include "core/container/container_cli.h"

namespace pgassay::source {

struct ContainerName {
  std::string engine;     ///< "docker", "podman"; empty: docker, or podman where docker has none
  std::string container;  ///< its name or id; empty: these two
  std::string compose_project, compose_service;
  /// Containers (by id) that are stopped for good, and what to do in place of starting one.
  std::map<std::string, std::string> retired = {};

  bool given() const { return !container.empty() || !compose_project.empty(); }
  std::string shown() const;
};

struct FoundContainer {
  ContainerCli engine;
  InspectedContainer facts;
};

/// Of those that are labelled alike, the one. Throws Error when none of them runs, UsageError when several
/// do.
FoundContainer the_running_one(const ContainerName& name, const ContainerCli& engine,
                               const std::vector<InspectedContainer>& containers);

/// One that runs. Throws Error (no such container, it does not run, no engine), UsageError (several).
FoundContainer find_container(const ContainerName& name, const std::stop_token& stop);

}  // namespace pgassay::source
