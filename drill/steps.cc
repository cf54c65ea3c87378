#include "drill/steps.h"

#include <algorithm>
#include <string>

namespace pgassay::drill {

std::string_view to_string(DrillStep step) {
  switch (step) {
    case DrillStep::fetch:
      return "fetch";
    case DrillStep::start:
      return "start";
    case DrillStep::create:
      return "create";
    case DrillStep::globals:
      return "globals";
    case DrillStep::pre_data:
      return "pre-data";
    case DrillStep::data:
      return "data";
    case DrillStep::post_data:
      return "post-data";
    case DrillStep::analyze:
      return "analyze";
    case DrillStep::checks:
      return "checks";
    case DrillStep::tear_down:
      break;
  }
  return "tear-down";
}

DrillStep drill_step(restore::RestoreStep step) {
  using restore::RestoreStep;
  switch (step) {
    case RestoreStep::check:
    case RestoreStep::create:
    case RestoreStep::lock:
    case RestoreStep::swap:
      return DrillStep::create;
    case RestoreStep::roles:
      return DrillStep::globals;
    case RestoreStep::pre_data:
      return DrillStep::pre_data;
    case RestoreStep::configuration:
    case RestoreStep::data:
    case RestoreStep::sequences:
    case RestoreStep::large_objects:
      return DrillStep::data;
    case RestoreStep::foreign_keys:
    case RestoreStep::indexes:
    case RestoreStep::rules:
    case RestoreStep::post_data:
    case RestoreStep::properties:
      return DrillStep::post_data;
    case RestoreStep::analyze:
      return DrillStep::analyze;
    case RestoreStep::proof:
      break;
  }
  return DrillStep::checks;
}

std::vector<PhaseTime> drill_times(const std::vector<restore::StepTime>& restored) {
  std::vector<std::pair<DrillStep, double>> sums;
  for (const restore::StepTime& time : restored) {
    const DrillStep step = drill_step(time.step);
    const auto same = std::ranges::find(sums, step, &std::pair<DrillStep, double>::first);
    if (same == sums.end())
      sums.emplace_back(step, time.seconds);
    else
      same->second += time.seconds;
  }
  std::vector<PhaseTime> times;
  for (const auto& [step, seconds] : sums) times.push_back({std::string(to_string(step)), seconds});
  return times;
}

}  // namespace pgassay::drill
