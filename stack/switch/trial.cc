#include "stack/switch/trial.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/postgres/connection_refused.h"
#include "restore/whole/target.h"
#include "stack/model/traefik_labels.h"
#include "stack/switch/passwords.h"
#include "stack/switch/state.h"

namespace pgassay::stack {
namespace {

/// "volume NAME" or "directory PATH", of what a service may write to; where it is on the engine.
std::set<std::string> shared_places(const ComposeModel& model, const ComposeService& service) {
  std::set<std::string> places;
  for (const Mount& mount : service.mounts) {
    if (mount.kind == Mount::Kind::volume) places.insert("volume " + model.volumes.at(mount.source).name);
    if (mount.kind == Mount::Kind::bind && !mount.read_only) places.insert("directory " + mount.source);
  }
  return places;
}

/// Would the restore of step 7 be refused?
void look_whether_it_takes(const NewStack& stack, const std::string& id, const SwitchOptions& options,
                           const SwitchScene& scene, const Manifest& backup, const std::stop_token& stop) {
  const std::string name = scene.to.settings.database.value_or(backup.database.name);
  Connection server =
      Connection::open(stack.reach(id, kMaintenance, stop).connection, backup::kApplicationName, stop);
  const bool exists = restore::database_exists(server, name);
  std::vector<restore::Note> notes;
  restore::check_server(server, backup, options.data_from_backup || !exists, notes);
  if (options.data_from_backup || !exists) return;
  Connection database =
      Connection::open(stack.reach(id, name, stop).connection, backup::kApplicationName, stop);
  try {
    restore::check_empty(database);
  } catch (const Refused& error) {
    error.with_context("the new stack's database is not empty once it has started")
        ->with_hint(
            "take out what fills it at its first start, and remove its container and volume; or "
            "--data-from-backup: the old stack's data goes beside it and takes its name")
        ->raise();
  }
}

}  // namespace

std::string why_no_trial(const SwitchScene& scene) {
  const ComposeModel &old = *scene.from.model(), &fresh = *scene.to.model();
  const std::string& name = *scene.to.settings.database_service;
  const ComposeService& database = *fresh.find(name);
  const auto theirs = names_on_networks(old);
  for (const auto& [network, names] : names_on_networks(fresh)) {
    const auto shared = theirs.find(network);
    if (shared == theirs.end()) continue;
    for (const auto& [one, service] : names)
      if (service == name && shared->second.contains(one))
        return fmt::format("on the network {} it would answer to {} beside the old stack", network, one);
  }
  const std::set<std::string> ours = shared_places(fresh, database);
  for (const auto& [other, service] : old.services)
    for (const std::string& place : shared_places(old, service))
      if (ours.contains(place)) return fmt::format("{} of the old stack uses the {}, too", other, place);
  if (!traefik_names(database).empty()) return "Traefik would lead to it";
  return {};
}

std::string volume_of_last_trial(const Repository& repository, const std::string& name) {
  try {
    const auto journal = SwitchJournal::newest(repository, name);
    if (!journal) return {};
    const SwitchState state = replay(journal->entries());
    return state.begun.contains(SwitchStep::restore) ? std::string() : state.fact(fact::kTried);
  } catch (const Error&) {  // the switch itself will tell
    return {};
  }
}

void try_new_database(const NewStack& stack, const SwitchOptions& options, const SwitchScene& scene,
                      const Manifest& backup, const std::function<void(const ConnInfo&)>& look,
                      const std::stop_token& stop) {
  const std::string& service = *scene.to.settings.database_service;
  const StackContainers containers(options.settings.health_timeout);
  // In two steps: should we be killed, a server that can't start is not started again and again.
  stack.compose({"up", "--no-start", "--no-deps", service}, stop);
  const StackContainer database = stack.database(false, stop);
  containers.set_restart(database.id, "no", stop);
  const auto stop_it = [&](int seconds) { containers.stop_for_good({database.id}, seconds, {}); };
  const OnFailure undo([&] { stop_it(options.data_from_backup ? kServerStopSeconds : kBriefStopSeconds); });
  containers.start(database.id, stop);
  try {
    stack.await_server(database.id, stop);
  } catch (const Error& error) {
    if (error.sqlstate() != kWrongPassword) error.raise();
    throw Refused(fmt::format("POSTGRES_PASSWORD of the service {} is not in force in its database: {}",
                              service, error.what()),
                  kOfVolumesPassword);
  }
  look_whether_it_takes(stack, database.id, options, scene, backup, stop);
  look(stack.reach(database.id, kMaintenance, stop).connection);
  stop_it(kServerStopSeconds);
}

}  // namespace pgassay::stack
