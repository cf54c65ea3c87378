// The steps of a drill, as its evidence times them.
#pragma once

#include <string_view>
#include <vector>

#include "core/repository/manifest.h"
#include "restore/steps.h"

namespace pgassay::drill {

enum class DrillStep { fetch, start, create, globals, pre_data, data, post_data, analyze, checks, tear_down };
/// "tear-down": as the evidence and the log have it.
std::string_view to_string(DrillStep step);

/// Of what a step of the restore is a part, in a drill.
DrillStep drill_step(restore::RestoreStep step);

/// The times of a restore as those of drill steps, each once and in the order in which it began.
std::vector<PhaseTime> drill_times(const std::vector<restore::StepTime>& restored);

}  // namespace pgassay::drill
