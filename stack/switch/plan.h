// What a switch is going to do, found out without touching anything: steps with their exact commands, what
// stands in the way, and what is not carried over.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "stack/check/check.h"
#include "stack/switch/containers.h"
#include "stack/switch/options.h"
#include "stack/switch/state.h"

namespace pgassay::stack {

struct PlannedStep {
  SwitchStep step;
  std::string what;                   ///< one line
  std::vector<std::string> commands;  ///< as an operator would type them
};

struct Obstacle {
  std::string text, hint;
};

/// What both stacks are, by compose and by the engine.
struct SwitchScene {
  StackFacts from, to;
  std::optional<Compose> compose;
  std::optional<EngineView> engine;
  StackCheckReport check;                 ///< of the new stack, compared with all others but the old one
  std::vector<StackContainer> old_there;  ///< of the old stack's services
  std::vector<StackContainer> new_there;
  std::vector<std::string> image_scripts;  ///< that the new database's image runs at its first start
  std::vector<StackContainer> strangers;   ///< of the old project, of none of its stack's services
  /// Containers that run on the new database's volume, and are not of the new stack.
  std::vector<std::string> on_new_volume;
  std::string tried_volume;  ///< in which a trial made a cluster (trial.h), by the last switch's journal

  const std::string& old_project() const { return from.model()->project; }
  const std::string& new_project() const { return to.model()->project; }
  std::set<std::string> new_services() const;
  const StackContainer* old_database() const;  ///< that runs; nullptr: none, or several
};

struct SwitchPlan {
  SwitchFacts facts;  ///< of the journal's first entry
  std::vector<SwitchedContainer> old_containers;
  std::vector<PlannedStep> steps;
  std::vector<std::string> notes;
  std::vector<Obstacle> obstacles;
  Exit exit = Exit::done;  ///< refused or unverified when there are obstacles
};

/// A container of the old project that a switch leaves alone.
bool goes_on(const StackContainer& container, const StackSettings& old);

/// What compose must do for the images: `build`, `pull` of those that are not here, each with its services.
std::vector<std::vector<std::string>> image_commands(const StackFacts& stack,
                                                     const std::optional<EngineView>& engine);

/// Throws Error where nothing can be planned: no compose, no engine, files that compose does not take.
SwitchScene look_at_scene(const SwitchOptions& options, Observer& observer, std::stop_token stop);
/// A function of what was seen, apart from reading PG_VERSION in the new volume.
SwitchPlan plan_switch(const SwitchOptions& options, const SwitchScene& scene);

}  // namespace pgassay::stack
