#include "retention/shrink.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace pgassay::retention {
namespace {

double share(std::uint64_t now, std::uint64_t before) {
  return before == 0 ? 1 : static_cast<double>(now) / static_cast<double>(before);
}

double rows_left(const Backup& backup, const Backup& accepted) {
  return share(backup.summary->rows, accepted.summary->rows);
}

double bytes_left(const Backup& backup, const Backup& accepted) {
  return share(backup.summary->raw_bytes, accepted.summary->raw_bytes);
}

bool is_ordinary(const Backup& backup, const Backup& accepted, double alarm) {
  return std::min(rows_left(backup, accepted), bytes_left(backup, accepted)) >= alarm;
}

struct Walk {
  const Backup *accepted = nullptr, *first_after = nullptr, *newest = nullptr;
};

Walk walk(std::span<const Backup* const> oldest_first, double alarm) {
  Walk walk;
  for (const Backup* backup : oldest_first) {
    walk.newest = backup;
    if (walk.accepted == nullptr || backup->proofs.accepted || is_ordinary(*backup, *walk.accepted, alarm)) {
      walk.accepted = backup;
      walk.first_after = nullptr;
    } else if (walk.first_after == nullptr) {
      walk.first_after = backup;
    }
  }
  return walk;
}

}  // namespace

std::vector<const Backup*> by_time(std::vector<const Backup*> backups) {
  std::erase_if(backups, [](const Backup* backup) { return !backup->summary; });
  std::ranges::sort(backups, {}, [](const Backup* backup) {
    return std::pair(backup->summary->snapshot.taken, stamp_order(backup->id.stamp));
  });
  return backups;
}

const Backup* newest_accepted(std::span<const Backup* const> oldest_first, double alarm) {
  return walk(oldest_first, alarm).accepted;
}

std::optional<Shrink> shrink_of(std::span<const Backup* const> oldest_first, double alarm) {
  const Walk seen = walk(oldest_first, alarm);
  if (seen.first_after == nullptr) return std::nullopt;
  return Shrink{seen.accepted, seen.first_after, seen.newest};
}

std::optional<Shrink> shrink_of(std::span<const Backup> backups, double alarm) {
  std::vector<const Backup*> all;
  for (const Backup& backup : backups) all.push_back(&backup);
  return shrink_of(by_time(std::move(all)), alarm);
}

std::string shrunk_to(const Shrink& shrink) {
  const ManifestSummary &now = *shrink.newest->summary, &before = *shrink.accepted->summary;
  if (rows_left(*shrink.newest, *shrink.accepted) <= bytes_left(*shrink.newest, *shrink.accepted))
    return fmt::format("{} rows of {}", now.rows, before.rows);
  const bool small = before.raw_bytes < 10 << 20;
  const double unit = small ? 1 << 10 : 1 << 20;
  return fmt::format("{:.1f} {} of rows of {:.1f}", static_cast<double>(now.raw_bytes) / unit,
                     small ? "KiB" : "MiB", static_cast<double>(before.raw_bytes) / unit);
}

}  // namespace pgassay::retention
