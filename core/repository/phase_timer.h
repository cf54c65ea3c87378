#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/repository/manifest.h"
#include "core/system/clock.h"
#include "core/system/observer.h"

namespace pgassay {

/// Tells the observer of a phase, does it, and notes how long it took. One that throws is not noted.
template <typename Body>
void run_phase(std::vector<PhaseTime>& phases, Observer& observer, std::string_view name, Body body) {
  observer.phase(name);
  const Stopwatch watch;
  body();
  phases.push_back({std::string(name), watch.seconds()});
}

}  // namespace pgassay
