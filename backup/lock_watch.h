// Who waits for our locks? A migration must not be held up without a word.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <stop_token>

#include "backup/backup.h"

namespace pgassay::backup {

/// Counts down to zero as the threads of a run finish.
class Countdown {
 public:
  explicit Countdown(unsigned count) : count_(count) {}
  void one_done();
  /// True when it reached zero within the time; throws Stopped on the stop.
  bool wait(std::stop_token stop, std::chrono::milliseconds time);
  void wait(std::stop_token stop);  ///< until zero; throws Stopped on the stop

 private:
  std::mutex mutex_;
  std::condition_variable_any changed_;
  unsigned count_;
};

/// Looks, until the others are done, for sessions that the leader blocks for a second. warn: each is told
/// once; yield: throws TryAgain, so that our locks are let go. Throws SchemaBlocked when one of them blocks
/// pg_dump: they would wait for each other for ever, and the server sees no deadlock in it. (Or the leader,
/// which locks a late arrival: there the server would see one, and end either.) Each look begins with
/// `before_look`, which may throw.
void watch_locks(Connection& connection, int leader_pid, LockPolicy policy, Countdown& others,
                 const std::function<void()>& before_look, Observer& observer, std::stop_token stop);

}  // namespace pgassay::backup
