// Not more than so many bytes of rows in a second, over all workers: production has other things to do.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <stop_token>

namespace pgassay::backup {

class Throttle {
 public:
  using Clock = std::chrono::steady_clock;

  explicit Throttle(std::uint64_t bytes_a_second) : rate_(bytes_a_second) {}  ///< 0: no limit
  /// So many more have passed; returns when the next ones may. Throws Stopped. From any thread.
  void passed(std::uint64_t bytes, const std::stop_token& stop);
  /// The same without waiting: how long there is to wait at that time. Of a pause before it a tenth of a
  /// second may be made good, no more.
  Clock::duration wait_after(std::uint64_t bytes, Clock::time_point now);

 private:
  const std::uint64_t rate_;
  std::mutex mutex_;
  Clock::time_point due_{};  ///< when what has passed should have
};

}  // namespace pgassay::backup
