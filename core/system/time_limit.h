#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>

#include "core/system/clock.h"

namespace pgassay {

/// A stop that also comes when time is over.
class TimeLimit {
 public:
  /// Nothing: no limit.
  TimeLimit(std::stop_token outer, std::optional<Seconds> limit)
      : pass_on_(std::move(outer), [this] { source_.request_stop(); }) {
    if (!limit) return;
    timer_ = std::jthread([this, limit = *limit](const std::stop_token& end) {
      std::mutex mutex;
      std::unique_lock lock(mutex);
      std::condition_variable_any never;
      never.wait_for(lock, end, limit, [] { return false; });
      if (end.stop_requested()) return;
      over_ = true;
      source_.request_stop();
    });
  }
  std::stop_token token() const { return source_.get_token(); }
  bool over() const { return over_; }

 private:
  std::stop_source source_;
  std::atomic<bool> over_ = false;
  std::stop_callback<std::function<void()>> pass_on_;
  std::jthread timer_;
};

}  // namespace pgassay
