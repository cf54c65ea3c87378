// The files of a backup that is about to be used.
#pragma once

#include "core/repository/manifest.h"

namespace pgassay::restore {

/// Cheap, and before anything is written: every file there with its size, and the small ones as they were.
/// Throws BadBackup.
void check_files(const Place& dir, const Manifest& manifest);

}  // namespace pgassay::restore
