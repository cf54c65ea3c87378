#include "core/system/disk_use.h"

#include <cerrno>
#include <map>
#include <utility>

#include "core/system/beneath.h"
#include "core/system/error.h"

namespace pgassay {
namespace {

constexpr std::uint64_t kStatBlock = 512;  // of st_blocks, whatever the file system's own blocks are

void collect(const Place& place, std::vector<DiskUse>& names) {
  try {
    const struct stat status = status_of_open(open_path(place), place);
    const bool directory = S_ISDIR(status.st_mode);
    names.push_back({status.st_dev, status.st_ino, directory ? 1 : std::uint64_t{status.st_nlink},
                     static_cast<std::uint64_t>(status.st_blocks) * kStatBlock});
    if (!directory) return;
  } catch (const SystemError& error) {
    if (error.number() == ENOENT && !names.empty()) return;  // somebody removed it while we looked around
    error.raise();
  }
  for (const std::string& name : list_names(place)) collect(place / name, names);
}

}  // namespace

std::vector<DiskUse> disk_use(const Place& dir) {
  std::vector<DiskUse> names;
  collect(dir, names);
  return names;
}

std::vector<std::uint64_t> bytes_freed(const std::vector<std::vector<DiskUse>>& trees) {
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::uint64_t> links_left;
  std::vector<std::uint64_t> freed;
  for (const std::vector<DiskUse>& tree : trees) {
    std::uint64_t bytes = 0;
    for (const DiskUse& name : tree) {
      std::uint64_t& left = links_left.try_emplace({name.device, name.inode}, name.links).first->second;
      if (left > 0 && --left == 0) bytes += name.bytes;
    }
    freed.push_back(bytes);
  }
  return freed;
}

}  // namespace pgassay
