// SIGINT, SIGTERM and SIGHUP as a stop_token.
#pragma once

#include <atomic>
#include <stop_token>
#include <thread>

namespace pgassay::cli {

/// Blocks these signals (SIGHUP not where nohup has it ignored) in this thread and those it starts from then
/// on: make it before any other thread. The first signal sets the token; a second one ends the process at
/// once, with 128 + its number. SIGPIPE is ignored.
class Signals {
 public:
  Signals();
  ~Signals();
  std::stop_token token() const { return source_.get_token(); }
  int received() const { return received_; }  ///< the first signal's number; 0: none

 private:
  void wait(const std::stop_token& end);

  std::stop_source source_;
  std::atomic<int> received_ = 0;
  std::jthread waiter_;
};

}  // namespace pgassay::cli
