#include "backup/previous.h"

#include <fmt/format.h>

#include <algorithm>

namespace pgassay::backup {

std::string origins_differ(const Manifest& before, const Manifest& now,
                           const std::set<std::string>& same_servers) {
  const std::string &old_server = before.server.system_identifier, &server = now.server.system_identifier;
  if (old_server != server && same_servers.contains(old_server) && same_servers.contains(server)) return {};
  if (!old_server.empty() && !server.empty() && old_server != server)
    return fmt::format("{} is of another server (system identifier {}, here {})", before.summary.id.shown(),
                       old_server, server);
  const Oid old_oid = before.database.oid, oid = now.database.oid;
  if (old_oid == Oid::none || oid == Oid::none || old_oid == oid) return {};
  return fmt::format("{} is of another database of that name (oid {}, here {}): it was made anew since",
                     before.summary.id.shown(), to_string(old_oid), to_string(oid));
}

PreviousBackup::PreviousBackup(const Repository& repository, Backup backup, bool share)
    : backup_(std::move(backup)),
      lease_(repository.lease(backup_)),
      manifest_(read_manifest(backup_.dir)),
      share_(share) {
  const auto add = [this](const Part& part) { parts_[part.sha].push_back(part.file); };
  for (const Relation& relation : manifest_.relations) {
    for (const Part& part : relation.parts) add(part);
  }
  for (const Part& part : manifest_.large_objects.parts) add(part);
  if (manifest_.large_objects.metadata) add(*manifest_.large_objects.metadata);
}

bool PreviousBackup::take_place_of(const Place& new_dir, const Part& part) {
  if (!may_have(part)) return false;
  // The one of the same name first: many small tables have the same bytes, and are better off with a file
  // each.
  constexpr std::size_t kTried = 4;
  const std::vector<std::string>& files = parts_.at(part.sha);
  std::vector<std::string> tried(files.begin(), files.begin() + std::min(files.size(), kTried));
  if (std::ranges::find(files, part.file) != files.end()) tried.insert(tried.begin(), part.file);
  return std::ranges::any_of(tried, [&](const std::string& file) {
    const Place old = backup_.dir / file, replaced = new_dir / part.file;
    const auto known = read_.find(file);
    if (known != read_.end()) return known->second == Reuse::linked && link_over(old, replaced);
    const Reuse reuse = reuse_part(old, part.sha, replaced);
    read_[file] = reuse;
    if (reuse == Reuse::rotten)
      rotten_.push_back(
          {file, "sha256", "its bytes are no longer what was written; a newer backup stored the part anew"});
    return reuse == Reuse::linked;
  });
}

}  // namespace pgassay::backup
