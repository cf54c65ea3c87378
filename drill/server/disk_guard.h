// Nothing limits what a local throwaway server writes into its own directory, and others may need that file
// system.
#pragma once

#include <sys/types.h>

#include <thread>

#include "core/system/fd.h"
#include "core/system/observer.h"

namespace pgassay::drill {

/// While it lives: kills that process, and says so, once less than a hundredth of the directory's file system
/// is free, or less than 1 GiB where a hundredth is more.
class DiskGuard {
 public:
  DiskGuard(const Path& dir, pid_t process, Observer& observer);

 private:
  std::jthread thread_;
};

}  // namespace pgassay::drill
