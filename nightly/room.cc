#include "nightly/room.h"

#include <algorithm>

namespace pgassay::nightly {
namespace {

constexpr std::size_t kNights = 30, kFewNights = 4;
/// Runs that are closer together are of one night.
constexpr std::chrono::hours kOneNight{12};
constexpr double kDay = 86400;

}  // namespace

std::vector<RoomThen> with_this_night(std::vector<RoomThen> nights, RoomThen now) {
  std::erase_if(nights, [&](const RoomThen& night) { return night.at > now.at - kOneNight; });
  nights.push_back(now);
  if (nights.size() > kNights) nights.erase(nights.begin(), nights.end() - kNights);
  return nights;
}

std::optional<Filling> filling(std::span<const RoomThen> nights, std::uint64_t free_bytes) {
  if (nights.size() < kFewNights) return std::nullopt;
  std::vector<double> slopes;  // bytes that were taken in a day
  for (std::size_t late = 1; late < nights.size(); ++late) {
    for (std::size_t early = 0; early < late; ++early) {
      const double days = Seconds(nights[late].at - nights[early].at).count() / kDay;
      const double taken =
          static_cast<double>(nights[early].free_bytes) - static_cast<double>(nights[late].free_bytes);
      if (days > 0) slopes.push_back(taken / days);
    }
  }
  if (slopes.empty()) return std::nullopt;
  const auto middle = slopes.begin() + static_cast<std::ptrdiff_t>(slopes.size() / 2);
  std::ranges::nth_element(slopes, middle);
  if (*middle <= 0) return std::nullopt;
  return Filling{*middle, Seconds(static_cast<double>(free_bytes) / *middle * kDay)};
}

}  // namespace pgassay::nightly
