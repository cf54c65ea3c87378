// What a file system can do, found out by trying.
#pragma once

#include <cstdint>

#include "core/system/place.h"

namespace pgassay {

struct DiskTraits {
  bool links = true;                                  ///< hard links
  bool modes = true;                                  ///< chmod(2) takes effect
  bool renames_over = true;                           ///< rename(2) replaces a file that is there
  bool flushes_directories = true;                    ///< fsync(2) of a directory
  bool locks_directories = true, locks_files = true;  ///< flock(2), seen by another process
  bool folds_case = false;                            ///< "A" and "a" are one name
  std::uint64_t inodes = 0, free_inodes = 0;          ///< 0 and 0: it does not count them
};

/// Makes files in a new directory `dir`, which must not exist, and removes it. Forks once. Throws Error when
/// that can't be done at all: then no backup can be written there either.
DiskTraits probe_disk(const Place& dir);

/// Can rename(2) take a directory from one to the other? Not between two mounts, though both be of one file
/// system.
bool on_one_mount(const Place& one, const Place& other);

}  // namespace pgassay
