#include "stack/model/compose_model.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>

#include "core/system/error.h"

namespace pgassay::stack {
namespace {

constexpr char kDefaultNetwork[] = "default";

std::string text_of(const YAML::Node& node) {
  return node.IsDefined() && node.IsScalar() ? node.Scalar() : std::string();
}

bool is_true(const YAML::Node& node) {
  return text_of(node) == "true";
}

/// Both versions write a $ that they would resolve as $$.
std::string single_dollars(std::string text) {
  for (std::size_t at = text.find("$$"); at != std::string::npos; at = text.find("$$", at + 1))
    text.erase(at, 1);
  return text;
}

/// A map, or a list of KEY=VALUE.
std::map<std::string, std::string> pairs(const YAML::Node& node) {
  std::map<std::string, std::string> found;
  if (!node.IsDefined()) return found;
  for (const auto& item : node) {
    if (node.IsMap()) {
      found[text_of(item.first)] = single_dollars(text_of(item.second));
      continue;
    }
    const std::string word = text_of(item);
    const std::size_t equals = word.find('=');
    found[word.substr(0, equals)] =
        equals == std::string::npos ? "" : single_dollars(word.substr(equals + 1));
  }
  return found;
}

/// "8000" or "8000-8010"; false when it is neither.
bool read_ports(std::string_view text, PublishedPort& port) {
  const char* const end = text.data() + text.size();
  const auto first = std::from_chars(text.data(), end, port.first);
  port.last = port.first;
  if (first.ec != std::errc{}) return false;
  if (first.ptr == end) return true;
  return *first.ptr == '-' && std::from_chars(first.ptr + 1, end, port.last).ptr == end;
}

/// {target, published, host_ip, protocol}, or [ADDRESS:]PUBLISHED:TARGET[/PROTOCOL].
std::optional<PublishedPort> published(const YAML::Node& node) {
  PublishedPort port;
  if (node.IsMap()) {
    port.address = text_of(node["host_ip"]);
    if (const std::string protocol = text_of(node["protocol"]); !protocol.empty()) port.protocol = protocol;
    if (!read_ports(text_of(node["published"]), port) || port.first == 0) return std::nullopt;
    return port;
  }
  std::string text = text_of(node);
  if (const std::size_t slash = text.find('/'); slash != std::string::npos) {
    port.protocol = text.substr(slash + 1);
    text.resize(slash);
  }
  const std::size_t target = text.rfind(':');
  if (target == std::string::npos) return std::nullopt;
  text.resize(target);
  if (const std::size_t address = text.rfind(':'); address != std::string::npos) {
    port.address = text.substr(0, address);
    text = text.substr(address + 1);
  }
  if (!read_ports(text, port) || port.first == 0) return std::nullopt;
  return port;
}

/// {type, source, target, read_only}, or [SOURCE:]TARGET[:MODE].
Mount mount_of(const YAML::Node& node) {
  Mount mount;
  if (node.IsMap()) {
    const std::string type = text_of(node["type"]);
    mount.source = text_of(node["source"]);
    mount.target = text_of(node["target"]);
    mount.read_only = is_true(node["read_only"]);
    if (type == "bind") mount.kind = Mount::Kind::bind;
    if (type == "volume") mount.kind = mount.source.empty() ? Mount::Kind::anonymous : Mount::Kind::volume;
    return mount;
  }
  const std::string text = text_of(node);
  const std::size_t colon = text.find(':');
  if (colon == std::string::npos) return {Mount::Kind::anonymous, {}, text, false};
  const std::size_t mode = text.find(':', colon + 1);
  mount.source = text.substr(0, colon);
  mount.target = text.substr(colon + 1, mode == std::string::npos ? mode : mode - colon - 1);
  if (mode != std::string::npos) {
    const std::string words = "," + text.substr(mode + 1) + ",";
    mount.read_only = words.find(",ro,") != std::string::npos;
  }
  mount.kind = mount.source.find_first_of("/.~") == 0 ? Mount::Kind::bind : Mount::Kind::volume;
  return mount;
}

std::map<std::string, std::set<std::string>> networks_of(const YAML::Node& service) {
  std::map<std::string, std::set<std::string>> found;
  const YAML::Node networks = service["networks"];
  if (networks.IsDefined())
    for (const auto& item : networks) {
      std::set<std::string>& aliases = found[networks.IsMap() ? text_of(item.first) : text_of(item)];
      if (networks.IsMap() && item.second.IsMap() && item.second["aliases"].IsDefined())
        for (const auto& alias : item.second["aliases"]) aliases.insert(text_of(alias));
    }
  const std::string mode = text_of(service["network_mode"]);
  if (found.empty() && mode.empty()) found[kDefaultNetwork];
  return found;
}

void read_healthcheck(const YAML::Node& check, ComposeService& service) {
  if (!check.IsDefined() || !check.IsMap()) return;
  const YAML::Node test = check["test"];
  const bool none = test.IsDefined() && test.IsSequence() && test.size() > 0 && text_of(test[0]) == "NONE";
  service.healthcheck_is_off = none || is_true(check["disable"]);
  service.has_healthcheck = test.IsDefined() && !test.IsNull() && !service.healthcheck_is_off;
  if (!service.has_healthcheck) return;
  HealthCheck& health = service.health.emplace();
  const auto read = [&](const char* key, Seconds& into) {
    into = parse_compose_duration(text_of(check[key])).value_or(into);
  };
  read("start_period", health.start_period);
  read("interval", health.interval);
  read("timeout", health.timeout);
  const std::string retries = text_of(check["retries"]);
  std::from_chars(retries.data(), retries.data() + retries.size(), health.retries);
}

ComposeService service_of(const std::string& name, const YAML::Node& node) {
  ComposeService service;
  service.name = name;
  service.image = text_of(node["image"]);
  service.container_name = text_of(node["container_name"]);
  service.restart = text_of(node["restart"]);
  service.builds = node["build"].IsDefined() && !node["build"].IsNull();
  service.environment = pairs(node["environment"]);
  service.labels = pairs(node["labels"]);
  read_healthcheck(node["healthcheck"], service);
  for (const auto& port : node["ports"])
    if (const auto found = published(port)) service.ports.push_back(*found);
  for (const auto& mount : node["volumes"]) service.mounts.push_back(mount_of(mount));
  service.networks = networks_of(node);
  return service;
}

bool is_on(const YAML::Node& service, const std::vector<std::string>& profiles) {
  const YAML::Node wanted = service["profiles"];
  if (!wanted.IsDefined() || wanted.size() == 0) return true;
  return std::any_of(wanted.begin(), wanted.end(), [&](const YAML::Node& profile) {
    return std::ranges::find(profiles, text_of(profile)) != profiles.end() ||
           std::ranges::find(profiles, "*") != profiles.end();
  });
}

ComposeResource resource(const YAML::Node& declared, const std::string& key, const std::string& project) {
  ComposeResource found{project + "_" + key, false};
  if (!declared.IsDefined() || !declared.IsMap()) return found;
  const YAML::Node external = declared["external"];
  found.external = external.IsDefined() && (external.IsMap() || is_true(external));
  if (found.external) found.name = key;
  if (external.IsDefined() && external.IsMap() && external["name"].IsDefined())
    found.name = text_of(external["name"]);
  if (declared["name"].IsDefined()) found.name = text_of(declared["name"]);
  return found;
}

ComposeModel model_of(const YAML::Node& root, const std::string& project,
                      const std::vector<std::string>& profiles) {
  ComposeModel model;
  model.project = root["name"].IsDefined() ? text_of(root["name"]) : project;
  for (const auto& item : root["services"])
    if (is_on(item.second, profiles)) {
      const std::string name = text_of(item.first);
      model.services[name] = service_of(name, item.second);
    }
  for (const auto& item : root["services"]) {
    const YAML::Node waits = item.second["depends_on"];
    if (!waits.IsDefined() || !waits.IsMap()) continue;
    for (const auto& one : waits) {
      const auto service = model.services.find(text_of(one.first));
      if (service != model.services.end() && one.second.IsMap() &&
          text_of(one.second["condition"]) == "service_completed_successfully")
        service->second.runs_once = true;
    }
  }
  const YAML::Node volumes = root["volumes"], networks = root["networks"];
  for (const auto& [name, service] : model.services) {
    for (const Mount& mount : service.mounts)
      if (mount.kind == Mount::Kind::volume)
        model.volumes[mount.source] =
            resource(volumes.IsDefined() && volumes.IsMap() ? volumes[mount.source] : YAML::Node(),
                     mount.source, model.project);
    for (const auto& [key, aliases] : service.networks)
      model.networks[key] = resource(networks.IsDefined() && networks.IsMap() ? networks[key] : YAML::Node(),
                                     key, model.project);
  }
  return model;
}

void add_env_files(const YAML::Node& node, std::set<std::string>& found) {
  const auto add = [&](const std::string& name) {
    if (!name.empty() && name.find('$') == std::string::npos) found.insert(name);
  };
  if (!node.IsDefined()) return;
  if (node.IsScalar()) add(text_of(node));
  if (!node.IsSequence()) return;
  for (const auto& one : node) add(one.IsMap() ? text_of(one["path"]) : text_of(one));
}

}  // namespace

bool overlap(const PublishedPort& one, const PublishedPort& other) {
  const auto all = [](const std::string& address) {
    return address.empty() || address == "0.0.0.0" || address == "::" || address == "[::]";
  };
  return one.protocol == other.protocol && one.first <= other.last && other.first <= one.last &&
         (all(one.address) || all(other.address) || one.address == other.address);
}

std::string shown(const PublishedPort& port) {
  std::string text = port.address.empty() ? "" : port.address + ":";
  text += std::to_string(port.first);
  if (port.last != port.first) text += "-" + std::to_string(port.last);
  return text + "/" + port.protocol;
}

const ComposeService* ComposeModel::find(const std::string& service) const {
  const auto found = services.find(service);
  return found == services.end() ? nullptr : &found->second;
}

std::map<std::string, std::map<std::string, std::string>> names_on_networks(const ComposeModel& model) {
  std::map<std::string, std::map<std::string, std::string>> found;
  for (const auto& [name, service] : model.services)
    for (const auto& [key, aliases] : service.networks) {
      auto& names = found[model.networks.at(key).name];
      names[name] = name;
      for (const std::string& alias : aliases) names[alias] = name;
      if (!service.container_name.empty()) names[service.container_name] = name;
    }
  return found;
}

ComposeModel parse_model(std::string_view text, const std::string& project,
                         const std::vector<std::string>& profiles) {
  try {
    const YAML::Node root = YAML::Load(std::string(text));
    if (root.IsMap() && root["services"].IsDefined() && root["services"].IsMap())
      return model_of(root, project, profiles);
  } catch (const YAML::Exception&) {
    // Its words may quote the document, which holds secrets.
  }
  throw Error("what compose said of its files is no model of services");
}

std::set<std::string> named_env_files(std::string_view compose_file) {
  std::set<std::string> found;
  try {
    const YAML::Node root = YAML::Load(std::string(compose_file));
    if (!root.IsMap() || !root["services"].IsDefined() || !root["services"].IsMap()) return found;
    for (const auto& service : root["services"])
      if (service.second.IsMap()) add_env_files(service.second["env_file"], found);
  } catch (const YAML::Exception&) {
    found.clear();
  }
  return found;
}

}  // namespace pgassay::stack
