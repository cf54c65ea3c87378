#include "cli/signals.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

namespace pgassay::cli {
namespace {

sigset_t stopping_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  // A blocked signal is not ignored any more, and nohup(1) wants it ignored.
  struct sigaction hangup {};
  if (sigaction(SIGHUP, nullptr, &hangup) != 0 || hangup.sa_handler != SIG_IGN) sigaddset(&set, SIGHUP);
  return set;
}

}  // namespace

Signals::Signals() {
  const sigset_t set = stopping_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);  // write(2) then says EFBIG
  waiter_ = std::jthread([this](const std::stop_token& end) { wait(end); });
}

Signals::~Signals() {
  waiter_.request_stop();
  pthread_kill(waiter_.native_handle(), SIGTERM);
}

void Signals::wait(const std::stop_token& end) {
  const sigset_t set = stopping_signals();
  while (true) {
    const int number = sigwaitinfo(&set, nullptr);
    if (end.stop_requested()) return;
    if (number <= 0) continue;
    if (received_ != 0) _exit(128 + number);
    received_ = number;
    source_.request_stop();
  }
}

}  // namespace pgassay::cli
