// What a directory tree takes on disk, link by link: a file is given back only when its last link goes.
#pragma once

#include <cstdint>
#include <vector>

#include "core/system/place.h"

namespace pgassay {

/// One name of a file or directory.
struct DiskUse {
  std::uint64_t device = 0, inode = 0;
  std::uint64_t links = 1;  ///< how many names it has, anywhere; a directory counts as one
  std::uint64_t bytes = 0;  ///< allocated blocks, not the length
};

/// Of `dir` itself and of everything below it. Never follows symbolic links.
std::vector<DiskUse> disk_use(const Place& dir);

/// What comes free by each tree when all of them are removed, one after the other in this order: a file
/// counts with the tree that holds its last link, and with none when a link stays elsewhere.
std::vector<std::uint64_t> bytes_freed(const std::vector<std::vector<DiskUse>>& trees);

}  // namespace pgassay
