#include "backup/lock_watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <set>

#include "backup/attempt.h"

namespace pgassay::backup {

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

void Countdown::wait(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  if (!changed_.wait(lock, stop, [this] { return count_ == 0; })) throw Stopped();
}

namespace {

using Clock = std::chrono::steady_clock;

/// Sessions that wait for the leader, and whether one of our own waits for them.
std::string waiters_sql(int leader_pid) {
  // Those in a container have names that begin as all of ours do.
  // pg_locks is open to everybody, the columns of pg_stat_activity that would tell the same are not.
  return fmt::format(
      "SELECT DISTINCT w.pid, coalesce(a.usename, '?'), coalesce(left(a.query, 80), '?'), EXISTS ("
      " SELECT FROM pg_catalog.pg_locks o JOIN pg_catalog.pg_stat_activity s ON s.pid = o.pid"
      " WHERE NOT o.granted AND s.application_name LIKE '{1}%' AND s.usename = CURRENT_USER"
      " AND s.datname = pg_catalog.current_database() AND w.pid = ANY (pg_catalog.pg_blocking_pids(o.pid)))"
      " FROM pg_catalog.pg_locks w LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = w.pid"
      " WHERE NOT w.granted AND {0} = ANY (pg_catalog.pg_blocking_pids(w.pid))",
      leader_pid, kApplicationName);
}

}  // namespace

void watch_locks(Connection& connection, int leader_pid, LockPolicy policy, Countdown& others,
                 const std::function<void()>& before_look, Observer& observer, std::stop_token stop) {
  // pg_dump is blocked at its start or not at all; and each look costs the server something.
  constexpr std::chrono::milliseconds kOften(200), kSeldom(1000), kAtFirst(10'000);
  // Times as long as a look, and at most kSeldom: with many locks it takes a core for 20 ms and more.
  constexpr int kRest = 15;
  const std::string sql = waiters_sql(leader_pid);
  const Clock::time_point start = Clock::now();
  std::map<std::string, Clock::time_point> waiting_since;
  std::set<std::string> told;
  bool circle_before = false;
  std::chrono::milliseconds rest(0);
  while (!others.wait(stop, std::max(rest, Clock::now() - start < kAtFirst ? kOften : kSeldom))) {
    before_look();
    const Clock::time_point begin = Clock::now();
    const Result rows = connection.query(sql);
    rest = std::min(kSeldom, std::chrono::ceil<std::chrono::milliseconds>((Clock::now() - begin) * kRest));
    std::map<std::string, Clock::time_point> still_waiting;
    bool circle = false;
    for (int i = 0; i < rows.rows(); ++i) {
      const std::string pid = rows.text(i, 0);
      const std::string waiter = fmt::format("session {} of {} waits for a lock of this backup: {}", pid,
                                             rows.text(i, 1), rows.text(i, 2));
      circle = circle || rows.boolean(i, 3);
      if (circle && circle_before) throw SchemaBlocked("pg_dump has to wait for others: " + waiter);
      const auto before = waiting_since.find(pid);
      const Clock::time_point since = before == waiting_since.end() ? Clock::now() : before->second;
      still_waiting[pid] = since;
      if (Clock::now() - since < kSeldom) continue;
      if (policy == LockPolicy::yield) throw TryAgain(waiter);
      if (!told.insert(pid).second) continue;
      observer.message(Level::warning, waiter,
                       "it gets its lock when the backup ends; --lock-policy yield lets it go first");
    }
    waiting_since = std::move(still_waiting);
    circle_before = circle;
  }
}

}  // namespace pgassay::backup
