// What the repository's file system lacks, and what a backup does without it.
#pragma once

#include <vector>

#include "backup/preflight.h"

namespace pgassay::backup {

/// Tries it, in the repository. A warning for each thing that is not to be had and that a backup is made safe
/// without; refused: what it is not; passed, where nothing is missing.
std::vector<PreflightFinding> examine_disk(const Repository& repository);

}  // namespace pgassay::backup
