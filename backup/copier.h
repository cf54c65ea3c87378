// The data phase: planned copies over workers, and the leader's lock queue for what they may not wait for.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <stop_token>

#include "backup/plan.h"
#include "backup/previous.h"
#include "backup/throttle.h"
#include "core/postgres/connection.h"
#include "core/stream/parts.h"
#include "core/system/clock.h"
#include "core/system/observer.h"

namespace pgassay::backup {

struct CopyTotals {
  std::uint64_t raw = 0, stored = 0, fresh = 0, rows = 0;  ///< fresh: stored bytes that are not shared
};

struct CopyOptions {
  ConnInfo connection;
  Snapshot snapshot;
  Place dir;  ///< the pending backup's
  int zstd_level = 1;
  unsigned workers = 1;
  bool reduced_locks = false;  ///< the leader holds no locks
  Seconds lock_timeout{0};     ///< what the lock queue waits in the reduced lock mode for a lock
  std::uint64_t max_rate = 0;  ///< bytes of rows in a second, of all workers; 0: as fast as they come
};

/// work() is called by each worker's thread, copy_lock_queue() by the leader's; the rest after both have
/// returned.
class Copier {
 public:
  /// `previous` may be null.
  Copier(const Plan& plan, CopyOptions options, PreviousBackup* previous, Observer& observer);

  /// Copies what is planned until nothing is left, over a connection of its own that has imported the
  /// snapshot.
  void work(unsigned worker, std::stop_token stop);
  /// Copies over the leader's connection the tables that a worker could not lock at once, because somebody
  /// waits for an ACCESS EXCLUSIVE lock: the leader holds their locks already. In between it compares parts
  /// with the previous backup's. Returns when the workers are done.
  void copy_lock_queue(Connection& leader, std::stop_token stop);
  /// Hands the parts over.
  void give_parts(std::vector<Relation>& relations, LargeObjects& large_objects);

  unsigned workers() const { return options_.workers; }
  CopyTotals totals() const { return totals_; }
  double seconds() const { return seconds_; }

 private:
  const PlannedCopy* next();
  std::string begin() const;  ///< a transaction in the snapshot
  /// `before`: statements that go first in the same message, each with its semicolon.
  void copy(Connection& connection, PartEncoder& encoder, unsigned worker, const PlannedCopy& planned,
            const std::string& before, const std::stop_token& stop);
  std::string next_file(const PlannedCopy& planned);
  /// Of the row after so many; empty where it can't be found out.
  std::string ctid_after(Connection& connection, const PlannedCopy& planned, std::uint64_t rows) const;
  /// Throws Error. `ctid`: the row's, or empty.
  [[noreturn]] void throw_too_long_a_row(const PlannedCopy& planned, const std::string& ctid,
                                         const ServerError& error) const;
  void keep(const PlannedCopy& planned, Part part);
  void hand_to_leader(const PlannedCopy& planned);
  void copy_from_lock_queue(Connection& leader, const PlannedCopy& planned, const std::stop_token& stop);

  const Plan& plan_;
  const CopyOptions options_;
  PreviousBackup* previous_;
  Observer& observer_;
  Throttle throttle_;

  mutable std::mutex mutex_;  ///< guards what follows
  std::condition_variable_any changed_;
  std::size_t next_ = 0;
  unsigned working_;
  std::vector<unsigned> files_;             ///< of each relation, named so far
  std::vector<std::deque<Part>> parts_;     ///< of each planned copy
  std::vector<GeneratedDigest> generated_;  ///< of each relation
  std::deque<const PlannedCopy*> lock_queue_;
  std::deque<const Part*> to_compare_;
  CopyTotals totals_;
  Stopwatch watch_;
  double seconds_ = 0;

  // The leader's alone.
  std::optional<PartEncoder> encoder_;
  std::optional<Connection> own_;
};

}  // namespace pgassay::backup
