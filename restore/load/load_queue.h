// What is to be loaded, and built as soon as its rows are in, in the order in which it is worth doing.
#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <vector>

#include "core/repository/manifest.h"
#include "restore/load/early_indexes.h"
#include "restore/resume.h"

namespace pgassay::restore {

/// Rows of one table, or indexes to build on it.
struct Task {
  const Relation* relation;
  std::vector<const Part*> parts;  ///< one after another
  /// Nothing of the table was loaded before, and all of it goes in by one transaction: it may be emptied
  /// first.
  bool whole = false;
  std::vector<int> entries;  ///< of the schema archive, where there are no parts
};

struct LoadPlan {
  const Manifest& manifest;
  const RestoreRecord& record;  ///< of the parts that are loaded
  unsigned jobs = 2;
  /// Rows of a table that was emptied in the same transaction need no WAL (wal_level = minimal): then larger
  /// tables, too, go in by one.
  bool whole_tables_need_no_wal = false;
  std::map<const Relation*, TableIndexes> indexes;
  std::uint64_t run_bytes = std::uint64_t{1} << 30;  ///< as IntoEmpty's
  std::set<const Relation*> late = {};               ///< these are not its own to give out
};

/// The largest table first, and each by one session alone: several that append to one table wait for each
/// other's pages. Only who would be idle otherwise gets a share. Any thread may call it.
class LoadQueue {
 public:
  explicit LoadQueue(LoadPlan plan);

  std::uint64_t steps() const { return steps_; }  ///< parts to load, and builds
  std::uint64_t raw_bytes() const { return raw_; }

  /// Waits while there is nothing but what others do may still lead to something. Absent: all is done.
  /// Throws Stopped. Who takes a task says when it is done, unless an exception ends all.
  std::optional<Task> next(std::stop_token stop);
  /// `well`: all of its rows are in; else nothing is built on them.
  void done(const Task& task, bool well);

  /// For whoever loads several parts: is there enough left after `loaded` of them for those who wait in
  /// next() with nothing to do?
  bool wanted(const Task& task, std::size_t loaded) const;
  /// Cuts the rest of the parts off and gives it out in a few runs of parts. Those before must be committed:
  /// a table that was emptied is locked.
  void share(Task& task, std::size_t loaded);

 private:
  void add(const Relation& relation);
  void loaded(const Relation& relation, bool well);
  void add_builds(const Relation& relation);
  void add_index_builds(const Relation& relation);

  const LoadPlan plan_;
  std::uint64_t steps_ = 0, raw_ = 0;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<Task> tasks_;
  unsigned at_work_ = 0, waiting_ = 0;
  std::map<const Relation*, std::size_t> loads_left_;  ///< of tables with indexes to build
  std::set<const Relation*> waiting_for_constraints_;  ///< with their indexes
};

}  // namespace pgassay::restore
