#include "core/container/inspected.h"

#include <charconv>
#include <nlohmann/json.hpp>

#include "core/system/error.h"

namespace pgassay {
namespace {

using nlohmann::json;

/// A member that is absent, or null, is an empty one: which of them there are depends on the engine's
/// release.
const json& member(const json& object, const char* key) {
  static const json kNothing;
  if (!object.is_object()) return kNothing;
  const auto found = object.find(key);
  return found == object.end() ? kNothing : *found;
}

std::string text(const json& value) {
  return value.is_string() ? value.get<std::string>() : "";
}

unsigned port_of(std::string_view digits) {
  unsigned port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  return error == std::errc{} && port <= 65535 ? port : 0;
}

void read_environment(const json& list, InspectedContainer& container) {
  if (!list.is_array()) return;
  for (const json& one : list) {
    const std::string line = text(one);
    const std::size_t equals = line.find('=');
    if (equals != std::string::npos) container.environment[line.substr(0, equals)] = line.substr(equals + 1);
  }
}

void read_ports(const json& ports, InspectedContainer& container) {
  if (!ports.is_object()) return;
  for (const auto& [name, bindings] : ports.items()) {
    if (!name.ends_with("/tcp") || !bindings.is_array()) continue;
    const unsigned inside = port_of(std::string_view(name).substr(0, name.size() - 4));
    for (const json& binding : bindings) {
      const unsigned outside = port_of(text(member(binding, "HostPort")));
      if (inside != 0 && outside != 0)
        container.published.push_back({inside, text(member(binding, "HostIp")), outside});
    }
  }
}

void read_networks(const json& networks, InspectedContainer& container) {
  if (!networks.is_object()) return;
  for (const char* kind : {"IPAddress", "GlobalIPv6Address"}) {
    for (const auto& [name, network] : networks.items()) {
      std::vector<std::string>& addresses = container.networks[name];
      const std::string address = text(member(network, kind));
      if (address.empty()) continue;
      addresses.push_back(address);
      container.addresses.push_back(address);
    }
  }
}

/// docker calls it Health, podman 4.3 Healthcheck; without a check it is absent, "none" or empty.
void read_health(const json& state, InspectedContainer& container) {
  for (const char* key : {"Health", "Healthcheck"}) {
    const std::string status = text(member(member(state, key), "Status"));
    if (!status.empty() && status != "none") container.health = status;
  }
}

void read_mounts(const json& mounts, InspectedContainer& container) {
  if (!mounts.is_array()) return;
  for (const json& mount : mounts) {
    const std::string outside = text(member(mount, "Source")), inside = text(member(mount, "Destination"));
    if (!outside.empty() && !inside.empty()) container.mounts.push_back({inside, outside});
  }
}

InspectedContainer container_of(const json& object) {
  InspectedContainer container;
  const json& config = member(object, "Config");
  container.id = text(member(object, "Id"));
  if (container.id.empty()) throw Error("what inspect wrote is of no container");
  container.name = text(member(object, "Name"));
  if (container.name.starts_with('/')) container.name.erase(0, 1);  // docker's has it, podman's not
  container.image = text(member(config, "Image"));
  container.status = text(member(member(object, "State"), "Status"));
  container.network_mode = text(member(member(object, "HostConfig"), "NetworkMode"));
  read_environment(member(config, "Env"), container);
  const json& labels = member(config, "Labels");
  if (labels.is_object())
    for (const auto& [name, value] : labels.items()) container.labels[name] = text(value);
  const json& settings = member(object, "NetworkSettings");
  read_ports(member(settings, "Ports"), container);
  read_networks(member(settings, "Networks"), container);
  read_health(member(object, "State"), container);
  if (const json& arguments = member(object, "Args"); arguments.is_array())
    for (const json& one : arguments) container.arguments.push_back(text(one));
  read_mounts(member(object, "Mounts"), container);
  return container;
}

}  // namespace

std::string InspectedContainer::variable(const std::string& name) const {
  const auto found = environment.find(name);
  return found == environment.end() ? "" : found->second;
}

std::vector<InspectedContainer> parse_inspected(std::string_view text) {
  const json document = json::parse(text, nullptr, false);
  if (!document.is_array()) throw Error("what inspect wrote is no list of containers");
  std::vector<InspectedContainer> containers;
  for (const json& object : document) containers.push_back(container_of(object));
  return containers;
}

}  // namespace pgassay
