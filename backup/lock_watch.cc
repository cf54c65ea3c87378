#include "backup/lock_watch.h"

#include <fmt/format.h>

#include <set>

#include "backup/attempt.h"

namespace pgassay {

void Countdown::one_done() {
  const std::lock_guard guard(mutex_);
  --count_;
  changed_.notify_all();
}

bool Countdown::wait(std::stop_token stop, std::chrono::milliseconds time) {
  std::unique_lock lock(mutex_);
  const bool done = changed_.wait_for(lock, stop, time, [this] { return count_ == 0; });
  if (!done && stop.stop_requested()) throw Stopped();
  return done;
}

void watch_locks(Connection& connection, int leader_pid, LockPolicy policy, Countdown& others, Observer& observer,
                 std::stop_token stop) {
  constexpr std::chrono::milliseconds kInterval(1000);
  // pg_locks is open to everybody, the columns of pg_stat_activity that would tell the same are not.
  const std::string sql = fmt::format(
      "SELECT DISTINCT w.pid, coalesce(a.usename, '?'), coalesce(left(a.query, 80), '?')"
      " FROM pg_catalog.pg_locks w LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = w.pid"
      " WHERE NOT w.granted AND {} = ANY (pg_catalog.pg_blocking_pids(w.pid))", leader_pid);
  std::set<std::string> told;
  while (!others.wait(stop, kInterval)) {
    const Result rows = connection.query(sql);
    for (int i = 0; i < rows.rows(); ++i) {
      const std::string pid = rows.text(i, 0);
      const std::string waiter = fmt::format("session {} of {} waits for a lock of this backup: {}", pid, rows.text(i, 1),
                                             rows.text(i, 2));
      if (policy == LockPolicy::yield) throw TryAgain(waiter);
      if (!told.insert(pid).second) continue;
      observer.message(Level::warning, waiter, "it gets its lock when the backup ends; --lock-policy yield lets it go first");
    }
  }
}

}  // namespace pgassay
