// What compose makes of its files, env file and profiles: the output of `docker compose config`, in the
// shapes of v2 (JSON) and of docker-compose 1.29 (YAML).
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "stack/model/health_check.h"

namespace pgassay::stack {

/// A port of this host, or several in a row.
struct PublishedPort {
  std::string address;  ///< empty: all
  unsigned first = 0, last = 0;
  std::string protocol = "tcp";
};
bool overlap(const PublishedPort& one, const PublishedPort& other);
std::string shown(const PublishedPort& port);  ///< "127.0.0.1:8000/tcp"

struct Mount {
  enum class Kind { volume, anonymous, bind, other } kind = Kind::other;
  std::string source;  ///< of a volume its key in ComposeModel::volumes, of a bind mount the host's path
  std::string target;
  bool read_only = false;
};

struct ComposeService {
  std::string name, image, container_name, restart;
  bool builds = false;
  bool has_healthcheck = false, healthcheck_is_off = false;
  bool runs_once = false;                  ///< some other service waits until it has ended
  std::optional<HealthCheck> health = {};  ///< as far as the files say; nothing: they have none
  std::map<std::string, std::string> environment, labels;
  std::vector<PublishedPort> ports;
  std::vector<Mount> mounts;
  std::map<std::string, std::set<std::string>> networks;  ///< key in ComposeModel::networks → further aliases
};

/// A volume or a network.
struct ComposeResource {
  std::string name;  ///< on the engine
  bool external = false;
};

struct ComposeModel {
  std::string project;
  std::map<std::string, ComposeService> services;            ///< those of the profiles that are on
  std::map<std::string, ComposeResource> volumes, networks;  ///< those that these services use

  const ComposeService* find(const std::string& service) const;
};

/// Names that its services answer to on each network, by the network's own name → name → service.
std::map<std::string, std::map<std::string, std::string>> names_on_networks(const ComposeModel& model);

/// `project` and `profiles`: what compose was given; 1.29 leaves both for us to apply. Throws Error on what
/// is no such document; the message holds nothing of it.
ComposeModel parse_model(std::string_view text, const std::string& project,
                         const std::vector<std::string>& profiles);

/// The env files that services of one compose file name, as they are written; those with a variable in the
/// name are left out. None when the text is no YAML.
std::set<std::string> named_env_files(std::string_view compose_file);

}  // namespace pgassay::stack
