// Did a database lose most of what it held? A backup of an empty one is as sound as any other, and every
// night of it pushes a full one out. A pure function of backups of one database.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/repository/repository.h"

namespace pgassay::retention {

/// Alarm where rows or COPY bytes are fewer than this share of what they were.
inline constexpr double kShrinkAlarm = 0.5;

/// Both are readable.
struct Shrink {
  const Backup* accepted = nullptr;  ///< the last before the fall
  const Backup* first = nullptr;     ///< the first after it
  const Backup* newest = nullptr;
};

/// Those that can be read, oldest first.
std::vector<const Backup*> by_time(std::vector<const Backup*> backups);

/// What every backup is measured by: the oldest one; from then on each that has neither fewer rows nor fewer
/// bytes than `alarm` of the one that is measured by at its turn; and each that somebody accepted. The newest
/// such one; null where none can be read.
const Backup* newest_accepted(std::span<const Backup* const> oldest_first, double alarm);

/// Nothing where the newest readable backup is itself the newest accepted one.
std::optional<Shrink> shrink_of(std::span<const Backup* const> oldest_first, double alarm);
/// The same of backups in any order.
std::optional<Shrink> shrink_of(std::span<const Backup> backups, double alarm);

/// "0 rows of 1000": of rows or of bytes, whichever fell more.
std::string shrunk_to(const Shrink& shrink);

}  // namespace pgassay::retention
