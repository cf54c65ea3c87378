// What an operator says of a stack: one docker compose project on this host. All that compose can tell is not
// here.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/system/clock.h"
#include "core/system/files.h"

namespace pgassay::stack {

/// Where a stack is to be reached through the reverse proxy.
struct StackRoute {
  std::string host, path = "/", service;
  int expected_status = 200;
  std::optional<std::string> scheme = {};    ///< "http" or "https"; absent: by whether the router has TLS
  std::optional<std::string> location = {};  ///< where a redirect has to lead
  std::optional<std::string> body = {};      ///< POSIX extended regular expression that the body has to hold
};

/// How to reach Traefik, and what it serves.
struct TraefikSettings {
  std::string api;                            ///< http://HOST:PORT; empty: at port 8080 of the container
  std::string container;                      ///< its name; empty: the one that runs an image called traefik
  bool on_host = false;                       ///< it is no container
  std::string address;                        ///< where hosts of routes are looked for; empty: where DNS says
  unsigned http_port = 80, https_port = 443;  ///< there
  std::optional<Path> ca_file;                ///< absent: the host's certificates
  bool insecure = false;                      ///< believe any certificate
  Seconds wait{30};                           ///< for all to be as it should
  Seconds timeout{5};                         ///< of each request
};

/// An IP address, or a host's name; neither scheme nor port.
bool is_address(const std::string& text);

struct StackSettings {
  std::string name;
  std::optional<std::string> project;  ///< absent: compose makes one up from the directory's name
  std::vector<Path> compose_files;     ///< in compose's order: later ones override
  std::vector<std::string> profiles;
  std::optional<Path> env_file;  ///< absent: .env beside the first compose file, where there is one
  std::optional<Path> env_template;
  std::vector<std::string> required_variables;
  std::optional<std::string> database_service, database;
  std::vector<std::string> writers;  ///< services that write to the database
  /// Services of its project that it may leave running in a switch: none of them writes to the database.
  std::vector<std::string> bystanders;
  std::vector<StackRoute> routes;
  TraefikSettings traefik;
  std::vector<std::string> external_networks;  ///< those that it may share with other stacks
  std::optional<std::string> source;           ///< under which its backups are filed

  Path project_dir() const { return compose_files.at(0).parent_path(); }
  /// The one that compose reads: nothing where none is named and there is no .env.
  std::optional<Path> effective_env_file() const;
};

/// [switch.NAME]: the data of one stack carried over into another, which takes its place.
struct SwitchSettings {
  std::string name, from, to, source;
  /// Beside the database's: key below `volumes:` in the old stack's compose files → key in the new one's.
  std::map<std::string, std::string> volumes = {};
  bool drill = true;  ///< the rehearsal's backup
  /// How long containers may take to become healthy; absent: as long as their health checks do.
  std::optional<Seconds> health_timeout = {};
};

}  // namespace pgassay::stack
