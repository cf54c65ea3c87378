#include "restore/load_queue.h"

#include <algorithm>
#include <utility>

#include "core/system/error.h"

namespace pgassay {

LoadQueue::LoadQueue(std::vector<LoadTable> tables, unsigned workers) : on_(workers) {
  for (LoadTable& load : tables) {
    if (load.parts.empty()) continue;
    Table table{std::move(load)};
    for (const Part* part : table.load.parts) table.left += part->raw;
    tables_.push_back(std::move(table));
  }
  std::ranges::stable_sort(tables_, std::ranges::greater{}, &Table::left);
}

std::optional<LoadQueue::Turn> LoadQueue::next(unsigned worker, std::stop_token stop) {
  std::unique_lock lock(mutex_);
  leave(worker);
  Table* table = nullptr;
  const bool go = changed_.wait(lock, stop, [&] {
    table = begun_ < tables_.size() ? &tables_[begun_] : free_table();
    return table != nullptr || !anybody_alone();
  });
  if (!go) throw Stopped();
  if (table == nullptr) return std::nullopt;
  if (!table->begun) {
    ++begun_;
    // Of a single part nobody could take any share. Asked before it counts as begun: what is in it is no
    // provision for the others.
    table->alone = table->load.fresh && (table->load.parts.size() == 1 || others_are_provided(worker));
    table->begun = true;
    changed_.notify_all();
  }
  on_[worker] = table;
  ++table->workers;
  return Turn{table->load.relation, take(*table), table->alone};
}

const Part* LoadQueue::go_on(unsigned worker) {
  const std::lock_guard guard(mutex_);
  Table& table = *on_[worker];
  return table.untaken() && others_are_provided(worker) ? take(table) : nullptr;
}

void LoadQueue::committed(unsigned worker) {
  rolled_back(worker, {});
}

void LoadQueue::rolled_back(unsigned worker, const std::vector<const Part*>& parts) {
  const std::lock_guard guard(mutex_);
  Table& table = *on_[worker];
  table.alone = false;
  table.load.parts.insert(table.load.parts.end(), parts.begin(), parts.end());
  for (const Part* part : parts) table.left += part->raw;
  changed_.notify_all();
}

/// Of those that everybody may take from: the one that fewest are busy with, for sessions that extend the
/// same file wait for each other; then the one of which most is left.
LoadQueue::Table* LoadQueue::free_table() {
  Table* best = nullptr;
  for (Table& table : tables_) {
    if (!table.begun || table.alone || !table.untaken()) continue;
    if (best == nullptr || std::pair(table.workers, best->left) < std::pair(best->workers, table.left))
      best = &table;
  }
  return best;
}

const Part* LoadQueue::take(Table& table) {
  const Part* part = table.load.parts[table.taken++];
  table.left -= part->raw;
  return part;
}

void LoadQueue::leave(unsigned worker) {
  if (Table* table = std::exchange(on_[worker], nullptr)) --table->workers;
}

/// Will each of the others find something when it has done what it is at, without taking from this worker's
/// table?
bool LoadQueue::others_are_provided(unsigned worker) const {
  std::size_t there = tables_.size() - begun_, wanted = 0;
  for (const Table& table : tables_) {
    if (table.begun && !table.alone) there += table.load.parts.size() - table.taken;
  }
  for (std::size_t other = 0; other < on_.size(); ++other) {
    const bool has_more = on_[other] != nullptr && on_[other]->alone && on_[other]->untaken();
    if (other != worker && !has_more) ++wanted;
  }
  return there >= wanted;
}

bool LoadQueue::anybody_alone() const {
  return std::ranges::any_of(on_, [](const Table* table) { return table != nullptr && table->alone; });
}

}  // namespace pgassay
