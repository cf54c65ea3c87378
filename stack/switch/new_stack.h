// The new stack of a switch: what compose does for it, and its database's server.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "backup/backup.h"
#include "stack/switch/containers.h"
#include "stack/switch/plan.h"

namespace pgassay::stack {

/// The server's own database, which every cluster has.
inline constexpr char kMaintenance[] = "postgres";

class NewStack {
 public:
  NewStack(const SwitchOptions& options, const SwitchScene& scene, Observer& observer)
      : options_(options), scene_(scene), observer_(observer), containers_(options.settings.health_timeout) {}

  /// Runs compose with these words for as long as its services may take. Of one that failed because a
  /// container is unhealthy, the hint says how long that had.
  void compose(const std::vector<std::string>& words, const std::stop_token& stop) const;
  /// Of its services.
  std::vector<StackContainer> containers(const std::stop_token& stop) const;
  /// The only one of its database; of `running` ones, or of all. Throws Error when there are none or several.
  StackContainer database(bool running, const std::stop_token& stop) const;
  /// Returns when that container is healthy, and its server is not the temporary one of a first start. Throws
  /// Error: `sqlstate()` is kWrongPassword when the server's password is not the one that the container says.
  void await_server(const std::string& id, const std::stop_token& stop) const;
  /// By its own superuser.
  backup::BackupOptions reach(const std::string& id, const std::string& database,
                              const std::stop_token& stop) const;

 private:
  Seconds patience_of_compose() const;
  std::string about_the_unhealthy(const std::stop_token& stop) const;

  const SwitchOptions& options_;
  const SwitchScene& scene_;
  Observer& observer_;
  StackContainers containers_;
};

}  // namespace pgassay::stack
