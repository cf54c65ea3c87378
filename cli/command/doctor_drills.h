// What doctor says of drills: backups work without, so nothing here refuses.
#pragma once

#include <optional>
#include <stop_token>

#include "backup/doctor.h"
#include "cli/command/run_drill.h"

namespace pgassay::cli {

/// The engines of this host.
backup::PreflightFinding engine_finding(std::stop_token stop);

/// Could the next backup of this source be drilled here, as it is configured? Nothing where the server could
/// not be looked at.
std::optional<backup::PreflightFinding> drill_finding(const backup::Diagnosis& diagnosis,
                                                      const drill::DrillOptions& options,
                                                      std::stop_token stop);

}  // namespace pgassay::cli
