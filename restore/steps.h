// The steps of a restore: what its report times, and what the record in a target says is done.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "core/repository/manifest.h"
#include "core/system/clock.h"
#include "core/system/observer.h"

namespace pgassay::restore {

enum class RestoreStep {
  check,
  create,
  lock,
  roles,
  pre_data,
  configuration,
  data,
  sequences,
  large_objects,
  indexes,  ///< ahead of the rest of post-data, where rows or rules wait for them
  rules,
  foreign_keys,
  post_data,
  properties,
  analyze,
  proof,
  swap,
};
/// "large objects": as reports, logs and the record in a target have it.
std::string_view to_string(RestoreStep step);
/// Nothing for a word that is none of them: it may be of a newer version.
std::optional<RestoreStep> parse_restore_step(std::string_view word);

struct StepTime {
  RestoreStep step;
  double seconds;
};
/// For documents, which have names.
std::vector<PhaseTime> phase_times(const std::vector<StepTime>& steps);

/// Tells the observer of a step, does it, and notes how long it took. One that throws is not noted.
template <typename Body>
void run_step(std::vector<StepTime>& steps, Observer& observer, RestoreStep step, Body body) {
  observer.phase(to_string(step));
  const Stopwatch watch;
  body();
  steps.push_back({step, watch.seconds()});
}

}  // namespace pgassay::restore
