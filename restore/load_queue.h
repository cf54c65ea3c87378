// Which part of which table a worker loads next.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <stop_token>
#include <vector>

#include "core/repository/manifest.h"

namespace pgassay {

struct LoadTable {
  const Relation* relation = nullptr;
  std::vector<const Part*> parts;  ///< that are to be loaded, in order
  /// Nothing of it is in the target: whoever loads it may empty it first, and so load it frozen.
  bool fresh = false;
};

/// A frozen load must be one transaction of one session (see Loader), so a fresh table is one worker's alone
/// as long as the others have something else to do. Before one of them runs out of work, the worker that has
/// most to itself ends its transaction, and what is left of that table is loaded part by part by all of them.
/// Tables are begun largest first. Any thread may call; each worker has one turn at a time.
class LoadQueue {
 public:
  LoadQueue(std::vector<LoadTable> tables, unsigned workers);

  struct Turn {
    const Relation* relation;
    const Part* part;
    bool alone;  ///< to be followed by go_on() and committed() or rolled_back()
  };
  /// None: nothing is left. Waits while a table may yet come free; throws Stopped.
  std::optional<Turn> next(unsigned worker, std::stop_token stop);
  /// The next part of the table that the worker has alone; null: end the transaction.
  const Part* go_on(unsigned worker);
  void committed(unsigned worker);
  /// Nothing of its table is in the target; these parts of it are now loaded one by one.
  void rolled_back(unsigned worker, const std::vector<const Part*>& parts);

 private:
  struct Table {
    LoadTable load;
    std::size_t taken = 0;   ///< of load.parts
    std::uint64_t left = 0;  ///< bytes of the parts that are not taken
    unsigned workers = 0;
    bool begun = false, alone = false;
    bool untaken() const { return taken < load.parts.size(); }
  };

  Table* free_table();
  const Part* take(Table& table);
  void leave(unsigned worker);
  bool others_are_provided(unsigned worker) const;
  bool anybody_alone() const;

  std::mutex mutex_;  ///< guards all of it
  std::condition_variable_any changed_;
  std::vector<Table> tables_;
  std::size_t begun_ = 0;   ///< of tables_
  std::vector<Table*> on_;  ///< what each worker is loading; null: nothing
};

}  // namespace pgassay
