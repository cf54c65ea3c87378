#include "restore/load/load_queue.h"

#include <algorithm>
#include <span>

#include "core/system/cancellation.h"

namespace pgassay::restore {
namespace {

/// Of one transaction that spares the table's WAL: there an interruption may cost more.
constexpr std::uint64_t kMostAtOnce = std::uint64_t{8} << 30;
/// A run of parts that is worth a session of its own, once others have nothing to do.
constexpr std::uint64_t kWorthSharing = 32 << 20;

std::uint64_t raw_of(std::span<const Part* const> parts) {
  std::uint64_t raw = 0;
  for (const Part* part : parts) raw += part->raw;
  return raw;
}

}  // namespace

LoadQueue::LoadQueue(LoadPlan plan) : plan_(std::move(plan)) {
  std::vector<const Relation*> tables;
  for (const Relation& relation : plan_.manifest.relations) {
    if (!relation.extension.empty() || plan_.late.contains(&relation)) continue;
    tables.push_back(&relation);
  }
  std::ranges::stable_sort(tables, std::greater{}, &Relation::raw_bytes);
  for (const Relation* relation : tables) add(*relation);
}

void LoadQueue::add(const Relation& relation) {
  Task load{&relation, {}, false, {}};
  for (const Part& part : relation.parts)
    if (!plan_.record.has(part)) load.parts.push_back(&part);
  if (load.parts.empty()) return;
  raw_ += raw_of(load.parts);
  steps_ += load.parts.size();
  load.whole = load.parts.size() == relation.parts.size() && !relation.via_root &&
               (load.parts.size() == 1 ||
                relation.raw_bytes() <= (plan_.whole_tables_need_no_wal ? kMostAtOnce : plan_.run_bytes));
  tasks_.push_back(std::move(load));
  if (const auto indexes = plan_.indexes.find(&relation); indexes != plan_.indexes.end()) {
    loads_left_[&relation] = 1;
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
  return loaded > 0 && waiting_ > 0 && tasks_.empty() &&
         raw_of(std::span(task.parts).subspan(loaded)) >= 2 * kWorthSharing;
}

void LoadQueue::share(Task& task, std::size_t loaded) {
  const std::lock_guard guard(mutex_);
  const std::span<const Part* const> rest = std::span(task.parts).subspan(loaded);
  const std::uint64_t each = std::max(kWorthSharing, raw_of(rest) / (waiting_ + 1));
  std::size_t runs = 0;
  for (std::size_t begin = 0, end = 0; begin < rest.size(); begin = end, ++runs) {
    for (std::uint64_t raw = 0; end < rest.size() && raw < each; ++end) raw += rest[end]->raw;
    tasks_.push_back(
        {task.relation,
         {rest.begin() + static_cast<std::ptrdiff_t>(begin), rest.begin() + static_cast<std::ptrdiff_t>(end)},
         false,
         {}});
  }
  if (const auto left = loads_left_.find(task.relation); left != loads_left_.end()) left->second += runs;
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
