#include "stack/model/first_start.h"

#include <algorithm>
#include <filesystem>

namespace pgassay::stack {

std::vector<std::string> scripts_among(const std::vector<std::string>& names) {
  std::vector<std::string> scripts;
  for (const std::string& name : names)
    for (const char* kind : {".sh", ".sql", ".sql.gz", ".sql.xz", ".sql.zst"})
      if (name.ends_with(kind)) {
        scripts.push_back(name);
        break;
      }
  return scripts;
}

std::vector<std::string> mounted_first_start_scripts(const ComposeService& database) {
  std::vector<std::string> names;
  for (const Mount& mount : database.mounts) {
    if (mount.kind != Mount::Kind::bind) continue;
    const std::string dir = std::string(kFirstStartDir) + "/";
    if (mount.target.starts_with(dir)) names.push_back(mount.target.substr(dir.size()));
    if (mount.target != kFirstStartDir && mount.target != dir) continue;
    std::error_code unreadable;
    for (std::filesystem::directory_iterator entry(mount.source, unreadable), end;
         !unreadable && entry != end; entry.increment(unreadable))
      names.push_back(entry->path().filename().string());
  }
  std::ranges::sort(names);
  return scripts_among(names);
}

}  // namespace pgassay::stack
