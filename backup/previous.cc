#include "backup/previous.h"

namespace pgassay::backup {

PreviousBackup::PreviousBackup(const Repository& repository, Backup backup, bool share)
    : backup_(std::move(backup)),
      lease_(repository.lease(backup_)),
      manifest_(read_manifest(backup_.dir)),
      share_(share) {
  const auto add = [this](const Part& part) { parts_[part.file] = part.sha; };
  for (const Relation& relation : manifest_.relations) {
    for (const Part& part : relation.parts) add(part);
  }
  for (const Part& part : manifest_.large_objects.parts) add(part);
  if (manifest_.large_objects.metadata) add(*manifest_.large_objects.metadata);
}

bool PreviousBackup::take_place_of(const Place& new_dir, const Part& part) {
  if (!share_) return false;
  const auto old = parts_.find(part.file);
  if (old == parts_.end() || old->second != part.sha) return false;
  switch (reuse_part(backup_.dir / part.file, part.sha, new_dir / part.file)) {
    case Reuse::linked:
      return true;
    case Reuse::unreachable:
      return false;
    case Reuse::rotten:
      break;
  }
  const std::lock_guard guard(mutex_);
  rotten_.push_back(
      {part.file, "sha256", "its bytes are no longer what was written; a newer backup stored the part anew"});
  return false;
}

std::vector<Finding> PreviousBackup::rotten() const {
  const std::lock_guard guard(mutex_);
  return rotten_;
}

}  // namespace pgassay::backup
