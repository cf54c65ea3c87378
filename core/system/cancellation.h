// Stopping: every wait polls a stop_token. No globals; signals become a request_stop() in cli/main.cc.
#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/system/fd.h"

namespace pgassay {

/// Throws Stopped when the token is set.
void throw_if_stopped(const std::stop_token& stop);

/// A descriptor that becomes readable when the token is set, for poll(2).
class StopFd {
 public:
  explicit StopFd(std::stop_token stop);
  StopFd(const StopFd&) = delete;
  int get() const { return fd_.get(); }

 private:
  Fd fd_;
  std::optional<std::stop_callback<std::function<void()>>> callback_;
};

/// Waits for events (POLLIN, POLLOUT) on fd, or the stop. Throws Stopped on the stop.
/// False when the limit passed without an event.
bool wait_for(int fd, short events, const StopFd& stop,
              std::optional<std::chrono::milliseconds> limit = std::nullopt);

/// Throws Stopped as soon as it is asked for.
void pause_for(std::chrono::milliseconds time, const StopFd& stop);

/// What one of several threads does.
struct Role {
  std::string name;  ///< the thread's own, as ps(1) and a trace show it; Linux keeps 15 bytes
  std::function<void(std::stop_token)> body;
};

/// Runs each role on a jthread of its own and joins them. The first exception stops the others and is
/// rethrown here; a Stopped that follows from it is not. The outer stop is passed on.
void run_together(const std::vector<Role>& roles, std::stop_token outer);

/// The same for threads that all do the same: body(worker_index, stop) on `workers` of them, which are named
/// "NAME 0", "NAME 1", …
void run_workers(const std::string& name, unsigned workers, std::stop_token outer,
                 const std::function<void(unsigned, std::stop_token)>& body);

}  // namespace pgassay
