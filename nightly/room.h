// When is the repository's disk full, if it goes on as it went? By how much was free at the end of each
// night: so what others write there counts, too, and what prune gave back.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/system/clock.h"

namespace pgassay::nightly {

struct RoomThen {
  Time at;
  std::uint64_t free_bytes = 0;
};

/// The nights so far and this one: at most 30, the oldest first. A second run of a night takes the place of
/// the first; nights that are dated after `now` are forgotten.
std::vector<RoomThen> with_this_night(std::vector<RoomThen> nights, RoomThen now);

struct Filling {
  double bytes_a_day = 0;
  Seconds left{};  ///< until nothing is free
};
/// By the median of the changes between each two nights, which a single large file moves little. Nothing
/// where there are fewer than four nights, or as much or more is free than before.
std::optional<Filling> filling(std::span<const RoomThen> nights, std::uint64_t free_bytes);

}  // namespace pgassay::nightly
