#include "stack/switch/plan.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "core/system/exits.h"
#include "core/system/split.h"
#include "stack/model/database_volume.h"
#include "stack/model/first_start.h"
#include "stack/switch/trial.h"
#include "stack/switch/volumes.h"

namespace pgassay::stack {
namespace {

/// Lines for `docker update` and `docker stop` of these.
std::vector<std::string> stop_commands(const std::vector<const StackContainer*>& all) {
  std::vector<std::string> lines, ids, names;
  for (const StackContainer* one : all) {
    ids.push_back(one->id.substr(0, 12));
    names.push_back(one->name);
  }
  if (ids.empty()) return lines;
  const std::string what = fmt::format("{}   # {}", fmt::join(ids, " "), fmt::join(names, ", "));
  return {"docker update --restart=no " + what, "docker stop " + what};
}

class Planner {
 public:
  Planner(const SwitchOptions& options, const SwitchScene& scene) : options_(options), scene_(scene) {}

  SwitchPlan plan() {
    volumes_ = plan_volumes(options_.settings, scene_);
    facts();
    judge_check();
    judge_old();
    if (services_are_there()) {
      judge_new();
      judge_database_volume();
      if (!same_volume_) judge_first_start();
      note_shared_names();
      plan_trial();
    }
    judge_strangers();
    judge_other_volumes();
    if (!plan_.obstacles.empty()) plan_.exit = worse(plan_.exit, Exit::refused);
    steps();
    return std::move(plan_);
  }

 private:
  void obstacle(std::string text, std::string hint) {
    plan_.obstacles.push_back({std::move(text), std::move(hint)});
  }

  void facts() {
    const SwitchSettings& settings = options_.settings;
    const StackSettings& to = scene_.to.settings;
    SwitchFacts& facts = plan_.facts;
    facts[fact::kName] = settings.name;
    facts[fact::kFrom] = settings.from;
    facts[fact::kTo] = settings.to;
    facts[fact::kFromProject] = scene_.old_project();
    facts[fact::kToProject] = scene_.new_project();
    facts[fact::kToServices] = fmt::format("{}", fmt::join(scene_.new_services(), ","));
    facts[fact::kToDatabaseService] = to.database_service.value_or("");
    facts[fact::kSource] = settings.source;
    facts[fact::kKeepData] = options_.keep_data ? "yes" : "no";
    facts[fact::kDataFromBackup] = options_.data_from_backup ? "yes" : "no";
    facts[fact::kVolumes] = to_text(volumes_.pairs);
    facts[fact::kVolumesLeft] = fmt::format("{}", fmt::join(volumes_.left, ","));
    for (const StackContainer& one : scene_.old_there) {
      SwitchedContainer container{one.id, one.name, one.service, one.image, one.restart};
      container.ran = one.running();
      container.well = one.well();
      container.is_database = one.service == scene_.from.settings.database_service;
      container.is_writer = !container.is_database && is_writer(one);
      plan_.old_containers.push_back(std::move(container));
    }
  }

  bool is_writer(const StackContainer& one) const {
    const std::vector<std::string>& writers = scene_.from.settings.writers;
    return writers.empty() || std::ranges::find(writers, one.service) != writers.end();
  }

  void judge_check() {
    for (const StackFinding& finding : scene_.check.findings) {
      if (finding.weight == StackVerdict::warning) continue;
      obstacle(fmt::format("stack check {}, check {}: {}", options_.settings.to, finding.check, finding.text),
               finding.hint);
      if (finding.weight == StackVerdict::unverified) plan_.exit = worse(plan_.exit, Exit::unverified);
    }
  }

  bool services_are_there() {
    for (const StackFacts* stack : {&scene_.from, &scene_.to}) {
      const auto& service = stack->settings.database_service;
      if (!service)
        obstacle(fmt::format("[stack.{}] does not say which service is its database", stack->name()),
                 "database_service = \"…\"");
      else if (stack->model()->find(*service) == nullptr)
        obstacle(fmt::format("the stack {} has no service {}", stack->name(), *service),
                 "correct database_service");
      else
        continue;
      return false;
    }
    return true;
  }

  void judge_old() {
    if (scene_.old_project() == scene_.new_project())
      obstacle(fmt::format("both stacks are the compose project {}: starting the new one would replace the "
                           "old one's containers",
                           scene_.old_project()),
               fmt::format("give [stack.{}] a project of its own", options_.settings.to));
    if (scene_.old_database() == nullptr)
      obstacle(
          fmt::format("the database of the stack {} does not run, or several containers do",
                      options_.settings.from),
          fmt::format("docker ps -a --filter label=com.docker.compose.project={}", scene_.old_project()));
    for (const StackContainer& one : scene_.old_there) {
      if (one.status == "paused")
        obstacle(fmt::format("the container {} is paused", one.name), "docker unpause " + one.name);
      if (one.one_off && one.running())
        obstacle(fmt::format("the container {} of `compose run` runs", one.name),
                 "wait for its end, or stop it");
    }
  }

  void judge_new() {
    const std::string& to = options_.settings.to;
    const ComposeModel& model = *scene_.to.model();
    std::vector<std::string> running;
    for (const StackContainer& one : scene_.new_there)
      if (one.running()) running.push_back(one.name);
    if (!running.empty())
      obstacle(
          fmt::format("the stack {} runs already: {}", to, fmt::join(running, ", ")),
          fmt::format("docker stop {}: a switch starts them itself, in its order", fmt::join(running, " ")));
    for (const auto& [name, service] : model.services)
      for (const StackContainer& old : scene_.old_there)
        if (!service.container_name.empty() && service.container_name == old.name)
          obstacle(
              fmt::format("service {} is to be called {}, as a container of the old stack is, which must "
                          "stay for the way back",
                          name, old.name),
              "take container_name out of the new stack's file");
    if (options_.keep_data || !scene_.engine) return;
    for (const PublishedPort& port : model.find(*scene_.to.settings.database_service)->ports)
      for (const EngineContainer& held : scene_.engine->containers)
        for (const PublishedPort& same : held.ports)
          if (held.running && held.project == scene_.old_project() && overlap(port, same))
            obstacle(fmt::format("the new database publishes {}, as {} does: both run side by side for the "
                                 "restore",
                                 shown(port), held.name),
                     "publish another port, or none");
  }

  void judge_database_volume() {
    const auto volume_of = [&](const StackFacts& stack) {
      return database_volume(*stack.model(), *stack.model()->find(*stack.settings.database_service),
                             scene_.engine);
    };
    const DatabaseVolume old = volume_of(scene_.from), fresh = volume_of(scene_.to);
    same_volume_ = !fresh.name.empty() &&
                   (fresh.name == old.name || (!fresh.on_host.empty() && fresh.on_host == old.on_host));
    if (same_volume_ && !options_.keep_data)
      obstacle(fmt::format("both stacks keep their database in {}", fresh.name),
               "--keep-data: the new server takes that volume over, and nothing is restored; or give the new "
               "stack a volume of its own");
    if (!same_volume_ && options_.keep_data)
      obstacle(
          fmt::format("--keep-data, but the stacks keep their databases in {} and {}", old.name, fresh.name),
          "leave it out: the data is carried over by backup and restore");
    if (same_volume_) return;
    plan_.facts[fact::kNewVolume] = fresh.name;
    if (!scene_.on_new_volume.empty())
      obstacle(fmt::format("{} runs on the new database's volume {}: a second server would ruin it",
                           fmt::join(scene_.on_new_volume, ", "), fresh.name),
               "stop it, or give the new stack a volume of its own");
    if (is_half_made(fresh))
      return obstacle(
          fmt::format("the new stack's volume {} holds a half-made database: its server was stopped while "
                      "initdb made it",
                      fresh.name),
          fmt::format("nothing is in it yet: {} removes it", removal_of(fresh)));
    const std::optional<bool> holds = holds_a_database(fresh);
    if (!holds)
      plan_.notes.push_back(
          fmt::format("{} can't be looked into: should it hold a database, the restore refuses", fresh.name));
    new_volume_holds_a_database_ = holds.value_or(false);
    const bool by_a_trial = !fresh.name.empty() && fresh.name == scene_.tried_volume;
    // Whether anything is in it, the next trial says.
    if (by_a_trial) plan_.facts[fact::kTried] = fresh.name;
    if (new_volume_holds_a_database_ && !options_.data_from_backup && !by_a_trial)
      obstacle(fmt::format("the new stack's volume {} {}", fresh.name, contents_of(fresh)),
               "--data-from-backup: the old stack's data goes beside it and takes its name; what is there "
               "stays, as DATABASE_before_…");
  }

  /// With the container of an earlier attempt, which holds it.
  std::string removal_of(const DatabaseVolume& volume) const {
    std::string commands;
    for (const StackContainer& one : scene_.new_there)
      if (one.service == scene_.to.settings.database_service) commands += "docker rm " + one.name + "; ";
    return commands + (volume.name.starts_with("/")
                           ? "rm -r " + (volume.on_host / volume.below).string() + "/*"
                           : "docker volume rm " + volume.name);
  }

  void plan_trial() {
    if (options_.keep_data) return;
    const std::string why_not = why_no_trial(scene_);
    trial_ = why_not.empty();
    plan_.facts[fact::kTrial] = trial_ ? "yes" : "no";
    if (!trial_)
      plan_.notes.push_back("the new database is not tried before the down-time, for " + why_not +
                            ": step 6 starts it");
  }

  /// Else the restore would refuse what is no empty database, in the down-time.
  void judge_first_start() {
    if (options_.data_from_backup || new_volume_holds_a_database_) return;
    std::vector<std::string> scripts =
        mounted_first_start_scripts(*scene_.to.model()->find(*scene_.to.settings.database_service));
    scripts.insert(scripts.end(), scene_.image_scripts.begin(), scene_.image_scripts.end());
    if (scripts.empty()) return;
    obstacle(
        fmt::format(
            "the new database runs {} of {} at its first start, and would not be empty for the restore",
            fmt::join(scripts, ", "), kFirstStartDir),
        "--data-from-backup: the old stack's data goes beside what they make and takes its name; or take "
        "them out of the new stack's file for the switch");
  }

  /// From step 6 to step 8 both databases run.
  void note_shared_names() {
    if (options_.keep_data) return;
    const auto old = names_on_networks(*scene_.from.model()), fresh = names_on_networks(*scene_.to.model());
    for (const auto& [network, names] : fresh) {
      const auto shared = old.find(network);
      if (shared == old.end()) continue;
      for (const auto& [name, service] : names) {
        const auto same = shared->second.find(name);
        if (same == shared->second.end() || service != scene_.to.settings.database_service ||
            same->second != scene_.from.settings.database_service)
          continue;
        plan_.notes.push_back(fmt::format(
            "on the network {} both databases answer to {} while the data is restored: who else is on "
            "it may reach either",
            network, name));
      }
    }
  }

  void judge_strangers() {
    const std::string &from = options_.settings.from, &project = scene_.old_project();
    for (const StackContainer& one : scene_.strangers) {
      if (!one.running()) continue;
      if (goes_on(one, scene_.from.settings))
        plan_.notes.push_back(fmt::format("{} goes on running: a bystander of the stack {}", one.name, from));
      else
        obstacle(
            fmt::format("{} runs in the project {}, but is of no service that compose finds in the stack {}: "
                        "what it writes after the final backup would be lost",
                        one.name, project, from),
            fmt::format(
                "name its profile in profiles of [stack.{0}]; or, when it never writes to this database, "
                "its service {1} in bystanders; or docker stop {2}",
                from, one.service, one.name));
    }
  }

  void judge_other_volumes() {
    plan_.notes.insert(plan_.notes.end(), volumes_.notes.begin(), volumes_.notes.end());
    plan_.obstacles.insert(plan_.obstacles.end(), volumes_.obstacles.begin(), volumes_.obstacles.end());
  }

  void steps() {
    for (const SwitchStep step : switch_steps(options_.keep_data))
      plan_.steps.push_back({step, what(step), commands(step)});
  }

  std::string what(SwitchStep step) const {
    const std::string &from = options_.settings.from, &to = options_.settings.to;
    switch (step) {
      case SwitchStep::check:
        return fmt::format("the checks of the stack {}, compared with all others but {}", to, from);
      case SwitchStep::images:
        return "every image of the new stack is here";
      case SwitchStep::rehearsal:
        return fmt::format("a backup of the running database, verified{}{}; nothing of {} is touched yet",
                           options_.drill ? " and drilled" : ", not drilled",
                           trial_ ? "; the new database is started once, looked at, and stopped" : "", from);
      case SwitchStep::stop_writers:
        return fmt::format("stop the writers of {}: the down-time begins", from);
      case SwitchStep::final_backup:
        return "nobody is connected, nobody writes meanwhile: the final backup, verified and pinned";
      case SwitchStep::new_database:
        return options_.keep_data ? "the new stack's database alone, on the old one's volume"
                                  : "the new stack's database alone, beside the old one";
      case SwitchStep::restore:
        return options_.keep_data
                   ? "every row's digest is compared with the final backup"
                   : "restore the final backup; missing roles only; every row's digest is proved";
      case SwitchStep::stop_old:
        return "nobody wrote to the old database since; then stop what is left of the old stack";
      case SwitchStep::carry_volumes:
        return volumes_.pairs.empty()
                   ? "no other volume is listed, so none is copied"
                   : "the other volumes that are listed, copied into empty ones and compared";
      case SwitchStep::start_new:
        return "start the new stack: THE POINT OF NO RETURN";
      case SwitchStep::health:
        return "every container healthy: the down-time ends";
      case SwitchStep::routes:
        return "the new stack's routes answer";
    }
    return {};
  }

  std::vector<std::string> commands(SwitchStep step) const {
    const StackSettings& to = scene_.to.settings;
    const std::string source = options_.settings.source, backup = "pgassay backup " + source;
    switch (step) {
      case SwitchStep::check:
        return {"pgassay stack check " + options_.settings.to};
      case SwitchStep::images: {
        std::vector<std::string> lines;
        for (const auto& words : image_commands(scene_.to, scene_.engine)) lines.push_back(by_compose(words));
        return lines;
      }
      case SwitchStep::rehearsal: {
        std::vector<std::string> lines = {backup + (options_.drill ? " --drill" : ""),
                                          "pgassay verify latest --source " + source};
        const std::string database = to.database_service.value_or("?");
        if (trial_)
          for (const auto& words :
               {std::vector<std::string>{"up", "-d", "--no-deps", database}, {"stop", database}})
            lines.push_back(by_compose(words));
        return lines;
      }
      case SwitchStep::stop_writers:
        return stop_commands(running([&](const SwitchedContainer& one) { return one.is_writer; }));
      case SwitchStep::final_backup:
        return {backup + " --pin", "pgassay verify latest --source " + source};
      case SwitchStep::new_database:
        return {by_compose({"up", "-d", "--no-deps", to.database_service.value_or("?")})};
      case SwitchStep::restore:
        if (options_.keep_data) return {};
        if (options_.data_from_backup)
          return {fmt::format("pgassay restore latest --source {} --roles missing --replace …", source)};
        return {fmt::format("pgassay restore latest --source {} --roles missing --into …", source)};
      case SwitchStep::stop_old:
        return stop_commands(running([&](const SwitchedContainer& one) { return !one.is_writer; }));
      case SwitchStep::carry_volumes: {
        std::vector<std::string> lines;
        const StackContainer* database = scene_.old_database();
        for (const VolumePair& one : volumes_.pairs)
          lines.push_back(VolumeCopies::command(one, database == nullptr ? "IMAGE" : database->image));
        return lines;
      }
      case SwitchStep::start_new:
        return {by_compose({"up", "-d"})};
      case SwitchStep::health:
        return {"docker ps --filter label=com.docker.compose.project=" + scene_.new_project()};
      case SwitchStep::routes:
        return {"pgassay stack routes " + options_.settings.to};
    }
    return {};
  }

  std::string by_compose(const std::vector<std::string>& words) const {
    return scene_.compose ? scene_.compose->command(scene_.to.settings, words) : std::string();
  }

  template <typename Wanted>
  std::vector<const StackContainer*> running(Wanted wanted) const {
    std::vector<const StackContainer*> found;
    for (const SwitchedContainer& one : plan_.old_containers)
      if (one.ran && wanted(one))
        found.push_back(&*std::ranges::find(scene_.old_there, one.id, &StackContainer::id));
    return found;
  }

  const SwitchOptions& options_;
  const SwitchScene& scene_;
  SwitchPlan plan_;
  PlannedVolumes volumes_;
  bool same_volume_ = false, new_volume_holds_a_database_ = false, trial_ = false;
};

}  // namespace

std::vector<std::vector<std::string>> image_commands(const StackFacts& stack,
                                                     const std::optional<EngineView>& engine) {
  std::vector<std::string> build = {"build"}, pull = {"pull"};
  for (const auto& [name, service] : stack.model()->services) {
    if (service.builds)
      build.push_back(name);
    else if (!service.image.empty() && engine && !engine->images.contains(service.image))
      pull.push_back(name);
  }
  std::vector<std::vector<std::string>> commands;
  for (auto& words : {build, pull})
    if (words.size() > 1) commands.push_back(words);
  return commands;
}

bool goes_on(const StackContainer& container, const StackSettings& old) {
  return std::ranges::find(old.bystanders, container.service) != old.bystanders.end();
}

SwitchPlan plan_switch(const SwitchOptions& options, const SwitchScene& scene) {
  return Planner(options, scene).plan();
}

}  // namespace pgassay::stack
