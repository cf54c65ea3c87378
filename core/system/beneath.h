// What the door (place.h) is made of: names below a root are opened so that no link is followed on the way.
// For place.cc and place_write.cc alone.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>

#include <string>
#include <utility>
#include <vector>

#include "core/system/place.h"

namespace pgassay {

/// Calls it again as long as a signal interrupted it.
template <typename Call>
auto uninterrupted(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

/// What is there itself (O_PATH). Throws BadBackup when a directory above it is a link.
Fd open_path(const Place& place);
/// Throws BadBackup when it is no directory.
Fd open_dir_beneath(const Place& dir, int flags);
/// A regular file that is there, with these flags. Throws BadBackup when it is of another kind.
Fd open_regular(const Place& file, int flags);

/// The directory that holds it, and its name there, for mkdirat(2) and the like, which follow no link in the
/// last name.
struct Entry {
  Fd dir;
  std::string name;
};
Entry entry_of(const Place& place);

struct stat status_of_open(const Fd& fd, const Place& place);
std::filesystem::file_type type_of_mode(mode_t mode);
std::vector<std::string> names_in(Fd dir,
                                  const Place& name_for_errors);  ///< without "." and ".."; in any order
/// A directory in an open one; -1 with EXDEV when something else is mounted there.
int open_child_directory(int dir, const std::string& name);
/// "… is a symbolic link, and …"
[[noreturn]] void refuse_kind(const Place& place, mode_t mode);

}  // namespace pgassay
