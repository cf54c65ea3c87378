#include <fmt/format.h>

#include <algorithm>

#include "core/system/split.h"
#include "stack/model/database_volume.h"
#include "stack/model/first_start.h"
#include "stack/switch/plan.h"

namespace pgassay::stack {
namespace {

const StackSettings& stack_of(const SwitchOptions& options, const std::string& name) {
  const auto found = std::ranges::find(options.stacks, name, &StackSettings::name);
  if (found == options.stacks.end())
    throw UsageError(
        fmt::format("[switch.{}] names the stack {}, which is not configured", options.settings.name, name),
        fmt::format("write [stack.{}], or correct the name", name));
  return *found;
}

/// The new stack is compared with all others but the old one, which is gone from its place by then. Volumes
/// and networks of the old one stay there; whether they may be shared is judged here, not by the checks.
void leave_out(Surroundings& around, const std::string& stack, const std::string& project,
               const std::string& new_project) {
  std::erase_if(around.stacks, [&](const StackFacts& one) { return one.name() == stack; });
  if (!around.engine) return;
  std::erase_if(around.engine->containers,
                [&](const EngineContainer& one) { return one.project == project; });
  for (auto& [name, volume] : around.engine->volumes)
    if (volume.project == project) volume.project = new_project;
  for (auto& [name, owner] : around.engine->networks)
    if (owner == project) owner = new_project;
}

const StackFacts& with_model(const Surroundings& around, const std::string& name) {
  const StackFacts& facts = *std::ranges::find(around.stacks, name, &StackFacts::name);
  if (facts.model() == nullptr)
    throw Unverified(
        fmt::format("nothing is known of the stack {}: {}", name,
                    facts.compose_ran ? facts.resolved.complaint : "docker compose is not installed"),
        "pgassay stack check " + name);
  return facts;
}

/// Of the new stack; null: it names none.
const ComposeService* new_database_service(const SwitchScene& scene) {
  const auto& name = scene.to.settings.database_service;
  return name ? scene.to.model()->find(*name) : nullptr;
}

/// By asking it: none where it has no such directory, no `ls`, or is not here.
std::vector<std::string> first_start_scripts_of_image(const SwitchScene& scene, const ContainerCli& docker,
                                                      const std::stop_token& stop) {
  const ComposeService* database = new_database_service(scene);
  if (database == nullptr || !scene.engine->images.contains(database->image)) return {};
  try {
    return scripts_among(split_nonempty(
        docker.answer("can't look into the image " + database->image,
                      {"run", "--rm", "--network=none", "--entrypoint=ls", database->image, kFirstStartDir},
                      stop),
        '\n'));
  } catch (const Error& error) {
    error.raise_if(ErrorKind::stopped);
    return {};
  }
}

/// Of other projects, that run on the new database's volume.
std::vector<std::string> users_of_new_volume(const SwitchScene& scene, const ContainerCli& docker,
                                             const std::stop_token& stop) {
  const ComposeService* database = new_database_service(scene);
  if (database == nullptr) return {};
  const std::string volume = database_volume(*scene.to.model(), *database, scene.engine).name;
  if (!scene.engine->volumes.contains(volume)) return {};
  std::vector<std::string> users =
      split_nonempty(docker.answer("can't list containers of docker",
                                   {"ps", "--filter", "volume=" + volume, "--format", "{{.Names}}"}, stop),
                     '\n');
  std::erase_if(users, [&](const std::string& user) {
    return std::ranges::find(scene.new_there, user, &StackContainer::name) != scene.new_there.end();
  });
  return users;
}

}  // namespace

std::set<std::string> SwitchScene::new_services() const {
  std::set<std::string> names;
  for (const auto& [name, service] : to.model()->services) names.insert(name);
  return names;
}

const StackContainer* SwitchScene::old_database() const {
  const StackContainer* found = nullptr;
  for (const StackContainer& one : old_there) {
    if (one.one_off || one.status != "running" || one.service != from.settings.database_service) continue;
    if (found != nullptr) return nullptr;
    found = &one;
  }
  return found;
}

SwitchScene look_at_scene(const SwitchOptions& options, Observer& observer, std::stop_token stop) {
  const StackSettings &from = stack_of(options, options.settings.from),
                      &to = stack_of(options, options.settings.to);
  Surroundings around = gather({options.stacks, {}, {}}, observer, stop);
  if (!around.engine) throw Unverified(around.engine_problem, around.engine_hint);
  SwitchScene scene;
  scene.compose = Compose::find(stop);
  scene.from = with_model(around, from.name);
  scene.to = with_model(around, to.name);
  scene.engine = around.engine;
  leave_out(around, from.name, scene.old_project(), scene.new_project());
  // The switch takes a backup of its own.
  for (StackFacts& one : around.stacks) one.settings.source.reset();
  scene.check = judge(around, {to.name});
  std::set<std::string> images;
  for (const StackFacts* stack : {&scene.from, &scene.to})
    for (const auto& [name, service] : stack->model()->services)
      if (!service.image.empty()) images.insert(service.image);
  look_at_images(images, *scene.engine, stop);
  const StackContainers containers(options.settings.health_timeout);
  for (StackContainer& one : containers.of_project(scene.old_project(), {}, stop)) {
    const bool ours = scene.from.model()->find(one.service) != nullptr;
    (ours ? scene.old_there : scene.strangers).push_back(std::move(one));
  }
  scene.image_scripts = first_start_scripts_of_image(scene, containers.docker(), stop);
  scene.new_there = containers.of_project(scene.new_project(), scene.new_services(), stop);
  scene.on_new_volume = users_of_new_volume(scene, containers.docker(), stop);
  return scene;
}

}  // namespace pgassay::stack
