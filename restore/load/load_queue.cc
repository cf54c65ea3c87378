#include "restore/load/load_queue.h"

#include <algorithm>

#include "core/system/cancellation.h"

namespace pgassay::restore {
namespace {

/// Of one transaction: what an interruption may cost is a minute or two.
constexpr std::uint64_t kMostAtOnce = std::uint64_t{8} << 30;
/// A table that is so much more than each job's share is loaded in parts from the beginning: WAL is a seventh
/// of what the server does, and others would soon have nothing to do.
constexpr double kMoreThanItsShare = 1.5;
/// Parts of a table that goes in whole, once others have nothing to do.
constexpr std::size_t kWorthSharing = 2;

}  // namespace

LoadQueue::LoadQueue(LoadPlan plan) : plan_(std::move(plan)) {
  std::vector<const Relation*> tables;
  std::uint64_t all = 0;
  for (const Relation& relation : plan_.manifest.relations) {
    if (!relation.extension.empty() || plan_.late.contains(&relation)) continue;
    tables.push_back(&relation);
    all += relation.raw_bytes();
  }
  std::ranges::stable_sort(tables, std::greater{}, &Relation::raw_bytes);
  for (const Relation* relation : tables) add(*relation, all);
}

void LoadQueue::add(const Relation& relation, std::uint64_t all_raw) {
  Task load{&relation, {}, false, {}};
  for (const Part& part : relation.parts)
    if (!plan_.record.has(part)) load.parts.push_back(&part);
  if (load.parts.empty()) return;
  for (const Part* part : load.parts) raw_ += part->raw;
  steps_ += load.parts.size();

  const std::uint64_t raw = relation.raw_bytes();
  const auto share = static_cast<double>(all_raw) / std::max(1U, plan_.jobs);
  const bool small_enough = raw <= kMostAtOnce && static_cast<double>(raw) <= kMoreThanItsShare * share;
  load.whole = load.parts.size() == relation.parts.size() && !relation.via_root &&
               (relation.parts.size() == 1 || (plan_.whole_tables_need_no_wal && small_enough));
  const std::size_t loads = load.whole ? 1 : load.parts.size();
  if (!load.whole)
    for (const Part* part : load.parts) tasks_.push_back({&relation, {part}, false, {}});
  else
    tasks_.push_back(std::move(load));
  if (const auto indexes = plan_.indexes.find(&relation); indexes != plan_.indexes.end()) {
    loads_left_[&relation] = loads;
    steps_ += indexes->second.builds();
  }
}

std::optional<Task> LoadQueue::next(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  ++waiting_;
  changed_.wait(lock, stop, [this] { return !tasks_.empty() || at_work_ == 0; });
  --waiting_;
  throw_if_stopped(stop);
  if (tasks_.empty()) return std::nullopt;
  Task task = std::move(tasks_.front());
  tasks_.pop_front();
  ++at_work_;
  return task;
}

void LoadQueue::done(const Task& task, bool well) {
  const std::lock_guard guard(mutex_);
  --at_work_;
  if (!task.parts.empty())
    loaded(*task.relation, well);
  else if (waiting_for_constraints_.erase(task.relation) > 0)
    add_index_builds(*task.relation);
  changed_.notify_all();
}

bool LoadQueue::wanted(const Task& task, std::size_t loaded) const {
  const std::lock_guard guard(mutex_);
  return loaded > 0 && waiting_ > 0 && tasks_.empty() && task.parts.size() - loaded >= kWorthSharing;
}

void LoadQueue::share(Task& task, std::size_t loaded) {
  const std::lock_guard guard(mutex_);
  for (std::size_t i = loaded; i < task.parts.size(); ++i)
    tasks_.push_back({task.relation, {task.parts[i]}, false, {}});
  if (const auto left = loads_left_.find(task.relation); left != loads_left_.end())
    left->second += task.parts.size() - loaded;
  task.parts.resize(loaded);
  changed_.notify_all();
}

void LoadQueue::loaded(const Relation& relation, bool well) {
  const auto left = loads_left_.find(&relation);
  if (left == loads_left_.end()) return;
  if (!well)
    loads_left_.erase(left);
  else if (--left->second == 0)
    add_builds(relation);
}

void LoadQueue::add_builds(const Relation& relation) {
  const std::vector<int>& constraints = plan_.indexes.at(&relation).constraints;
  if (constraints.empty()) return add_index_builds(relation);
  waiting_for_constraints_.insert(&relation);
  tasks_.push_front({&relation, {}, false, constraints});
}

/// Before what is left to be loaded: the table is still in the server's memory.
void LoadQueue::add_index_builds(const Relation& relation) {
  for (const int index : plan_.indexes.at(&relation).indexes)
    tasks_.push_front({&relation, {}, false, {index}});
}

}  // namespace pgassay::restore
