// Check 7: what stands on this host by one name or number, and only once.
#include <algorithm>

#include "stack/check/checks.h"

namespace pgassay::stack {
namespace {

using Resources = std::map<std::string, ComposeResource>;

bool is_shared_on_purpose(const StackFacts& stack, const std::string& network) {
  const auto& allowed = stack.settings.external_networks;
  return std::ranges::find(allowed, network) != allowed.end();
}

void compare_volumes(const StackFacts& stack, const ComposeModel& model, const StackFacts& other,
                     const ComposeModel& theirs, Findings& out) {
  for (const auto& [key, volume] : model.volumes)
    for (const auto& [other_key, same] : theirs.volumes)
      if (volume.name == same.name)
        out.refuse(
            stack.file_with(key), "volumes." + key + ".name",
            "the volume " + volume.name + " is also volumes." + other_key + " of stack " + other.name(),
            "give it a name of its own, such as " + stack.name() + "_" + key);
}

void compare_networks(const StackFacts& stack, const ComposeModel& model, const StackFacts& other,
                      const ComposeModel& theirs, Findings& out) {
  for (const auto& [key, network] : model.networks)
    for (const auto& [other_key, same] : theirs.networks) {
      if (network.name != same.name) continue;
      if (network.external && same.external && is_shared_on_purpose(stack, network.name) &&
          is_shared_on_purpose(other, network.name))
        continue;
      out.refuse(
          stack.file_with(key), "networks." + key + ".name",
          "the network " + network.name + " is also networks." + other_key + " of stack " + other.name(),
          "give it a name of its own; or, where it is to be shared, make it external in both and name it in "
          "external_networks of both");
    }
}

void compare_ports(const StackFacts& stack, const ComposeModel& model, const StackFacts& other,
                   const ComposeModel& theirs, Findings& out) {
  for (const auto& [name, service] : model.services)
    for (const PublishedPort& port : service.ports)
      for (const auto& [other_name, other_service] : theirs.services)
        for (const PublishedPort& same : other_service.ports)
          if (overlap(port, same))
            out.refuse(stack.file_with(name), "services." + name + ".ports",
                       "port " + shown(port) + " of this host is also published by " + other_name +
                           " of stack " + other.name(),
                       "publish another port, or none where the reverse proxy leads to the service");
}

void compare_containers(const StackFacts& stack, const ComposeModel& model, const StackFacts& other,
                        const ComposeModel& theirs, Findings& out) {
  for (const auto& [name, service] : model.services)
    for (const auto& [other_name, other_service] : theirs.services)
      if (!service.container_name.empty() && service.container_name == other_service.container_name)
        out.refuse(stack.file_with(name), "services." + name + ".container_name",
                   service.container_name + " is also what " + other_name + " of stack " + other.name() +
                       " is called",
                   "take container_name out: compose makes a name from the project and the service");
}

/// What a socket or a configuration of the host is shared by is no matter of data.
bool holds_data(const Mount& mount) {
  return mount.kind == Mount::Kind::bind && !mount.read_only && !mount.source.ends_with(".sock");
}

void compare_binds(const StackFacts& stack, const ComposeModel& model, const StackFacts& other,
                   const ComposeModel& theirs, Findings& out) {
  for (const auto& [name, service] : model.services)
    for (const Mount& mount : service.mounts)
      for (const auto& [other_name, other_service] : theirs.services)
        for (const Mount& same : other_service.mounts)
          if (holds_data(mount) && holds_data(same) && mount.source == same.source)
            out.warn(
                stack.file_with(name), "services." + name + ".volumes",
                "writes to " + mount.source + ", as " + other_name + " of stack " + other.name() + " does",
                "mount a directory of the stack's own, or read_only");
}

std::string whose(const std::string& project) {
  return project.empty() ? "was not made by compose" : "belongs to the project " + project;
}

void compare_with_engine(const StackFacts& stack, const ComposeModel& model, const EngineView& engine,
                         Findings& out) {
  for (const auto& [key, volume] : model.volumes) {
    const auto seen = engine.volumes.find(volume.name);
    if (volume.external || seen == engine.volumes.end() || seen->second.project == model.project) continue;
    const std::string text =
        "the volume " + volume.name + " is there already and " + whose(seen->second.project);
    const std::string hint = "give it another name; or, where it is the one that is meant, make it external";
    if (seen->second.project.empty()) {
      out.warn(stack.file_with(key), "volumes." + key + ".name", text, hint);
    } else {
      out.refuse(stack.file_with(key), "volumes." + key + ".name", text, hint);
    }
  }
  for (const auto& [key, network] : model.networks) {
    const auto seen = engine.networks.find(network.name);
    if (network.external || seen == engine.networks.end() || seen->second == model.project) continue;
    out.refuse(stack.file_with(key), "networks." + key + ".name",
               "the network " + network.name + " is there already and " + whose(seen->second),
               "give it another name; or, where it is to be shared, make it external");
  }
  for (const EngineContainer& container : engine.containers) {
    if (container.project == model.project) continue;
    for (const auto& [name, service] : model.services) {
      if (!service.container_name.empty() && service.container_name == container.name)
        out.refuse(stack.file_with(name), "services." + name + ".container_name",
                   "a container " + container.name + " is there already and " + whose(container.project),
                   "take container_name out: compose makes a name from the project and the service");
      for (const PublishedPort& port : service.ports)
        for (const PublishedPort& held : container.ports)
          if (container.running && overlap(port, held))
            out.refuse(stack.file_with(name), "services." + name + ".ports",
                       "port " + shown(port) + " of this host is published by the container " +
                           container.name + ", which " + whose(container.project),
                       "publish another port, or stop that container first");
    }
  }
}

}  // namespace

void check_collisions(const StackFacts& stack, const Surroundings& around, Findings& out) {
  const ComposeModel* model = model_or_note(stack, out);
  if (model == nullptr) return;
  with_each_other(stack, around, out, [&](const StackFacts& other, const ComposeModel& theirs) {
    compare_volumes(stack, *model, other, theirs, out);
    compare_networks(stack, *model, other, theirs, out);
    compare_ports(stack, *model, other, theirs, out);
    compare_containers(stack, *model, other, theirs, out);
    compare_binds(stack, *model, other, theirs, out);
  });
  if (around.engine) {
    compare_with_engine(stack, *model, *around.engine, out);
  } else {
    out.not_made("not compared with what runs on this host (check 1)");
  }
}

}  // namespace pgassay::stack
