// What a switch sees of containers, and does to them, by docker. Never by compose: going back must not need
// its files. Containers are found by their labels, and touched by their ids.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "core/container/container_cli.h"
#include "core/system/clock.h"
#include "stack/model/health_check.h"

namespace pgassay::stack {

struct StackContainer {
  std::string id, name, service, image;
  std::string status;   ///< "running", "exited", …
  std::string health;   ///< "healthy", "starting", "unhealthy"; "none": it has no health check
  std::string restart;  ///< what `docker update --restart` takes
  int exit_status = 0;
  bool one_off = false;  ///< of `compose run`
  std::optional<HealthCheck> check = {};
  bool running() const { return status == "running" || status == "restarting" || status == "paused"; }
  bool well() const { return status == "running" && (health == "healthy" || health == "none"); }
};

/// Of what `docker container inspect --format` says, a line each.
std::vector<StackContainer> parse_stack_containers(std::string_view text);

/// For a server's last checkpoint.
inline constexpr int kServerStopSeconds = 300;
/// For one whose rows are in a backup. While the image's entrypoint still makes the database, it hears no
/// signal.
inline constexpr int kBriefStopSeconds = 20;

/// How long a container is waited for: as long as `health_timeout` says, else as its own health check allows,
/// and never less than usual.
Seconds patience_with(const StackContainer& container, std::optional<Seconds> health_timeout);

class StackContainers {
 public:
  explicit StackContainers(std::optional<Seconds> health_timeout)
      : docker_("docker"), health_timeout_(health_timeout) {}

  const ContainerCli& docker() const { return docker_; }
  /// Of a project, running or not; only these services, where any are named.
  std::vector<StackContainer> of_project(const std::string& project, const std::set<std::string>& services,
                                         const std::stop_token& stop) const;
  /// Those of these ids that are there.
  std::vector<StackContainer> those(const std::vector<std::string>& ids, const std::stop_token& stop) const;

  void set_restart(const std::string& id, const std::string& policy, const std::stop_token& stop) const;
  /// Their restart policies become "no"; then they are stopped, and it is made sure that they are. `seconds`:
  /// as of ContainerCli::stop().
  void stop_for_good(const std::vector<std::string>& ids, std::optional<int> seconds,
                     const std::stop_token& stop) const;
  /// Starts one; one that runs is fine. Paused ones are left to their owner: an error.
  void start(const std::string& id, const std::stop_token& stop) const;
  /// Waits until `settled` says so of what is there; it throws where waiting is of no use. Throws Error
  /// naming those that are not well when the time of each of them is over.
  void await(const std::function<std::vector<StackContainer>()>& look,
             const std::function<bool(const StackContainer&)>& settled, const std::stop_token& stop) const;
  void await_well(const std::vector<std::string>& ids, const std::stop_token& stop) const;

 private:
  ContainerCli docker_;
  std::optional<Seconds> health_timeout_;
};

}  // namespace pgassay::stack
