// Processes of a throwaway server, as this host sees them.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

#include "core/system/fd.h"

namespace pgassay::drill {

/// Those of bwrap and of PostgreSQL that run in a directory of that throwaway directory, or were started for
/// one.
std::vector<pid_t> processes_in(const Path& throwaway_dir);

/// CPU time of that process and of all that descend from it, in ticks: whether they get on. 0: none is to be
/// seen.
std::uint64_t cpu_ticks(pid_t ancestor);

/// Is that process this one, or a descendant of it?
bool descends_from(pid_t process, pid_t ancestor);

/// Kills them, and returns when there is none. Throws Error when some do not end.
void end_processes_in(const Path& throwaway_dir);

/// bwrap's --setenv, with the number of the process that tries walls: killed at the wrong moment, it can
/// leave a bwrap that waits for ever.
inline constexpr char kTrialOf[] = "PGASSAY_TRIAL_OF";

/// Kills trials of walls whose process is gone.
void end_abandoned_trials();

}  // namespace pgassay::drill
