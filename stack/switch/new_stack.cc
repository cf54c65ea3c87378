#include "stack/switch/new_stack.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/postgres/connection_refused.h"
#include "core/system/cancellation.h"
#include "core/system/time_limit.h"
#include "stack/switch/rollback.h"

namespace pgassay::stack {
namespace {

constexpr Seconds kComposeTime(300);
constexpr std::chrono::milliseconds kPauseOfTries(500);
/// A server that listens nowhere may be the one with which the image's entrypoint makes the database.
constexpr char kIsLasting[] =
    "SELECT pg_catalog.current_setting('listen_addresses') <> ''"
    " OR pg_catalog.clock_timestamp() - pg_catalog.pg_postmaster_start_time() > interval '10 s'";

}  // namespace

/// `up` waits for services that others depend on, one after the other.
Seconds NewStack::patience_of_compose() const {
  if (options_.settings.health_timeout) return *options_.settings.health_timeout + kComposeTime;
  Seconds sum{0};
  for (const auto& [name, service] : scene_.to.model()->services)
    if (service.health) sum += service.health->patience();
  return std::max(sum, kUsualPatience) + kComposeTime;
}

void NewStack::compose(const std::vector<std::string>& words, const std::stop_token& stop) const {
  const TimeLimit limit(stop, patience_of_compose());
  try {
    scene_.compose->run(scene_.to.settings, scene_.to.env.value_or(EnvFile()), words, limit.token());
  } catch (const Stopped& error) {
    if (!limit.over()) error.raise();
    throw Error("compose " + words.at(0) + " of stack " + options_.settings.to + " does not end",
                "see it yourself: " + scene_.compose->command(scene_.to.settings, words));
  } catch (const Error& error) {
    if (const std::string hint = about_the_unhealthy(stop); !hint.empty()) error.with_hint(hint)->raise();
    error.raise();
  }
}

/// Compose starts nothing that depends on one. Empty: there is none, or docker does not say.
std::string NewStack::about_the_unhealthy(const std::stop_token& stop) const try {
  for (const StackContainer& one : containers(stop))
    if (one.health == "unhealthy" && one.check)
      return fmt::format("{} is unhealthy: docker logs {} says why; {}", one.service, one.name,
                         longer_start_period(*one.check));
  return {};
} catch (const Error&) {
  return {};
}

std::vector<StackContainer> NewStack::containers(const std::stop_token& stop) const {
  return containers_.of_project(scene_.new_project(), scene_.new_services(), stop);
}

StackContainer NewStack::database(bool running, const std::stop_token& stop) const {
  const std::string& service = *scene_.to.settings.database_service;
  std::vector<StackContainer> found = containers_.of_project(scene_.new_project(), {service}, stop);
  std::erase_if(found, [&](const StackContainer& one) { return one.one_off || (running && !one.running()); });
  if (found.size() != 1)
    throw Error(
        fmt::format("{} containers {} the new stack's {}", found.size(), running ? "run as" : "are", service),
        "docker ps -a --filter label=com.docker.compose.project=" + scene_.new_project());
  return found[0];
}

void NewStack::await_server(const std::string& id, const std::stop_token& stop) const {
  const auto settled = [](const StackContainer& one) {
    if (one.status == "exited" && one.restart == "no")
      throw Error(fmt::format("the new stack's database {} ended with {}", one.name, one.exit_status),
                  "docker logs " + one.name);
    return one.well();
  };
  containers_.await([&] { return containers_.those({id}, stop); }, settled, stop);
  const Seconds patience =
      patience_with(containers_.those({id}, stop).at(0), options_.settings.health_timeout);
  const StopFd stop_fd(stop);
  for (const Stopwatch watch;; pause_for(kPauseOfTries, stop_fd)) {
    try {
      if (Connection::open(reach(id, kMaintenance, stop).connection, backup::kApplicationName, stop)
              .query(kIsLasting)
              .boolean(0, 0))
        return;
    } catch (const Error& error) {
      error.raise_if(ErrorKind::stopped);
      if (error.sqlstate() == kWrongPassword || watch.seconds() > patience.count()) error.raise();
    }
  }
}

backup::BackupOptions NewStack::reach(const std::string& id, const std::string& database,
                                      const std::stop_token& stop) const {
  return reach_new_database(id, options_.source, database, observer_, stop);
}

}  // namespace pgassay::stack
