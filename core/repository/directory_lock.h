// The lock of a directory of a repository: flock(2) of the directory itself, which all versions of pgassay
// take. A file system that locks no directory gets a file in it to lock, opened for writing. One that locks
// nothing is told as that.
#pragma once

#include "core/system/place.h"

namespace pgassay {

enum class Held {
  yes,
  by_another,
  impossible  ///< this file system locks nothing
};

struct DirectoryLock {
  Held held = Held::by_another;
  Fd fd;  ///< what is locked; or the directory, where nothing can be
};

/// Without waiting. `lease`: the name, below dir, of the file that is locked instead. Throws SystemError when
/// the directory is not there.
DirectoryLock lock_directory(const Place& dir, std::string_view lease, LockMode mode);

/// Of a file that is open for writing.
Held lock_file(const Fd& file, LockMode mode);

/// In a backup's directory, published or not. Hidden, and in the one directory that may change.
inline constexpr std::string_view kBackupLease = "evidence/.lease", kPruneLease = ".prune.lock";

}  // namespace pgassay
