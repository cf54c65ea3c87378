#include "core/system/cancellation.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "core/system/error.h"

namespace pgassay {
namespace {

Fd make_eventfd() {
  Fd fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!fd) throw_errno("can't make a descriptor", "eventfd");
  return fd;
}

void name_this_thread(const std::string& name) {
  constexpr std::size_t kMost = 15;
  ::pthread_setname_np(::pthread_self(), name.substr(0, kMost).c_str());
}

/// Keeps the exception to report: the first one that is not merely a consequence of the stop.
class FirstError {
 public:
  void take(std::exception_ptr error) {
    const std::lock_guard lock(mutex_);
    if (!error_) error_ = std::move(error);
  }
  void take_stop(std::exception_ptr stopped) {
    const std::lock_guard lock(mutex_);
    if (!stopped_) stopped_ = std::move(stopped);
  }
  void rethrow() const {
    if (error_) std::rethrow_exception(error_);
    if (stopped_) std::rethrow_exception(stopped_);
  }

 private:
  std::mutex mutex_;
  std::exception_ptr error_, stopped_;
};

}  // namespace

void throw_if_stopped(const std::stop_token& stop) {
  if (stop.stop_requested()) throw Stopped();
}

StopFd::StopFd(std::stop_token stop) : fd_(make_eventfd()) {
  callback_.emplace(std::move(stop), [fd = fd_.get()] {
    std::uint64_t one = 1;
    // It can only fail when the counter is full, and then the descriptor is readable already.
    [[maybe_unused]] ssize_t written = ::write(fd, &one, sizeof one);
  });
}

bool wait_for(int fd, short events, const StopFd& stop, std::optional<std::chrono::milliseconds> limit) {
  using Clock = std::chrono::steady_clock;
  const auto deadline = Clock::now() + limit.value_or(std::chrono::milliseconds(0));
  pollfd fds[] = {{stop.get(), POLLIN, 0}, {fd, events, 0}};
  int wait_ms = limit ? static_cast<int>(limit->count()) : -1;
  for (;;) {
    int ready = ::poll(fds, 2, wait_ms);
    if (ready < 0 && errno != EINTR) throw_errno("can't wait for a descriptor", "poll");
    if (ready > 0) {
      if (fds[0].revents != 0) throw Stopped();
      return true;
    }
    if (!limit) continue;
    auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) return false;
    wait_ms = static_cast<int>(left);
  }
}

void pause_for(std::chrono::milliseconds time, const StopFd& stop) {
  wait_for(-1, 0, stop, time);
}

void run_together(const std::vector<Role>& roles, std::stop_token outer) {
  std::stop_source source;
  std::stop_callback pass_on(outer, [&] { source.request_stop(); });
  FirstError first;
  auto guarded = [&](auto&& work) {
    try {
      work();
      return;
    } catch (const Stopped&) {
      first.take_stop(std::current_exception());
    } catch (...) {
      first.take(std::current_exception());
    }
    source.request_stop();
  };
  {
    std::vector<std::jthread> threads;
    guarded([&] {
      threads.reserve(roles.size());
      for (const Role& role : roles) {
        threads.emplace_back([&] {
          guarded([&] {
            name_this_thread(role.name);
            role.body(source.get_token());
          });
        });
      }
    });
  }
  first.rethrow();
}

void run_workers(const std::string& name, unsigned workers, std::stop_token outer,
                 const std::function<void(unsigned, std::stop_token)>& body) {
  std::vector<Role> roles;
  for (unsigned i = 0; i < workers; ++i)
    roles.push_back({name + " " + std::to_string(i), [&body, i](std::stop_token stop) { body(i, stop); }});
  run_together(roles, std::move(outer));
}

}  // namespace pgassay
