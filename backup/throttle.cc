#include "backup/throttle.h"

#include <algorithm>

#include "core/system/cancellation.h"

namespace pgassay::backup {
namespace {

/// Shorter waits are left to add up: a chunk of rows is 64 KiB.
constexpr std::chrono::milliseconds kShortestWait(5);
constexpr std::chrono::milliseconds kMadeGood(100);

}  // namespace

Throttle::Clock::duration Throttle::wait_after(std::uint64_t bytes, Clock::time_point now) {
  const std::chrono::duration<double> time(static_cast<double>(bytes) / static_cast<double>(rate_));
  const std::lock_guard guard(mutex_);
  due_ = std::max(due_, now - kMadeGood) + std::chrono::ceil<Clock::duration>(time);
  return std::max(Clock::duration(0), due_ - now);
}

void Throttle::passed(std::uint64_t bytes, const std::stop_token& stop) {
  if (rate_ == 0) return;
  const auto wait = std::chrono::ceil<std::chrono::milliseconds>(wait_after(bytes, Clock::now()));
  if (wait >= kShortestWait) pause_for(wait, StopFd(stop));
}

}  // namespace pgassay::backup
