#include "retention/prune.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/system/cancellation.h"
#include "core/system/disk_use.h"

namespace pgassay::retention {
namespace {

/// Removals under one look at all evidence: each holds a descriptor.
constexpr std::size_t kBatch = 64;

Circumstances circumstances_of(const std::vector<Backup>& backups, const PruneOptions& options, Time now) {
  Circumstances circumstances{now, options.after_failed_run, {}};
  for (const BackupId& id : options.ignore_future) {
    for (const Backup& backup : backups) {
      if (backup.id != id) continue;
      if (backup.summary && backup.summary->snapshot.taken <= now)
        throw UsageError(id.shown() + " is not dated in the future", "leave out its --ignore-future");
      circumstances.ignored_future.insert(id.stamp);
    }
  }
  return circumstances;
}

/// The decisions, and what they free.
PruneReport planned(const std::vector<Backup>& backups, const PruneOptions& options, Time now) {
  PruneReport report;
  const Circumstances circumstances = circumstances_of(backups, options, now);
  const std::vector<Decision> decisions = decide(backups, options.policy, circumstances);
  report.problem = refusal(backups, decisions, options.policy, circumstances, options.force);
  for (std::size_t i = 0; i < backups.size(); ++i) {
    report.backups.push_back({backups[i], decisions[i], 0, false});
  }
  return report;
}

class Pruner {
 public:
  Pruner(const Repository& repository, const DatabaseName& of, const PruneOptions& options, Time now,
         Observer& observer)
      : repository_(repository), of_(of), options_(options), now_(now), observer_(observer) {}

  /// What would be done, and what that would free.
  PruneReport plan() {
    report_ = planned(list(), options_, now_);
    uses_.resize(report_.backups.size());
    for (std::size_t i = 0; i < uses_.size(); ++i) {
      if (!at(i).decision.keep) uses_[i] = measured(at(i).backup);
    }
    account([](const PrunedBackup& one) { return !one.decision.keep; });
    return report_;
  }

  /// As it is: somebody who reads a backup now would keep it.
  PruneReport rehearse() {
    plan();
    for (std::size_t i = 0; i < uses_.size(); ++i) {
      if (!at(i).decision.keep && !repository_.lock_for_removal(at(i).backup)) keep_in_use(i);
    }
    account([](const PrunedBackup& one) { return !one.decision.keep; });
    return std::move(report_);
  }

  PruneReport run(const std::stop_token& stop) {
    clear_debris(repository_, observer_);
    const PruneLock lock = repository_.lock_for_prune(of_.source, of_.database);
    plan();
    if (report_.problem) return std::move(report_);
    std::vector<Backup> all;
    std::vector<Decision> decisions;
    for (const PrunedBackup& one : report_.backups) {
      all.push_back(one.backup);
      decisions.push_back(one.decision);
    }
    if (const auto measure = measure_to_accept(all, decisions, options_.policy))
      repository_.accept(all[*measure], "what later backups are measured by; older ones were pruned");
    std::vector<std::size_t> expired;
    for (std::size_t i = 0; i < uses_.size(); ++i) {
      if (!at(i).decision.keep) expired.push_back(i);
    }
    for (std::size_t begin = 0; begin < expired.size(); begin += kBatch) {
      const std::size_t count = std::min(kBatch, expired.size() - begin);
      if (!remove_batch(std::span(expired).subspan(begin, count), stop)) break;
    }
    account([](const PrunedBackup& one) { return one.removed; });
    return std::move(report_);
  }

  const PruneReport& report() const { return report_; }

 private:
  std::vector<Backup> list() const { return repository_.list({of_.source, of_.database}); }
  PrunedBackup& at(std::size_t index) { return report_.backups[index]; }

  /// Nothing, of what can't be read: whether it can be removed will be seen.
  std::vector<DiskUse> measured(const Backup& backup) {
    try {
      return disk_use(backup.dir);
    } catch (const Error& error) {
      observer_.message(Level::warning, backup.id.shown() + ": what it frees is not known: " + error.what(),
                        error.hint());
      return {};
    }
  }

  template <typename Goes>
  void account(Goes goes) {
    std::vector<std::vector<DiskUse>> trees(uses_.size());
    for (std::size_t i = 0; i < uses_.size(); ++i) {
      if (goes(at(i))) trees[i] = uses_[i];
    }
    const std::vector<std::uint64_t> freed = bytes_freed(trees);
    for (std::size_t i = 0; i < freed.size(); ++i) at(i).frees = freed[i];
  }

  void keep_in_use(std::size_t index) {
    at(index).decision = {true, Rule::in_use, {}};
    observer_.message(Level::info, at(index).backup.id.shown() + " is in use: it stays until the next prune");
  }

  /// False: the world has changed so much that nothing more may go.
  bool remove_batch(std::span<const std::size_t> batch, const std::stop_token& stop) {
    std::vector<std::pair<std::size_t, RemovalLock>> locked;
    for (const std::size_t i : batch) {
      if (auto lock = repository_.lock_for_removal(at(i).backup)) {
        locked.emplace_back(i, std::move(*lock));
      } else {
        keep_in_use(i);
      }
    }
    const PruneReport fresh = planned(list(), options_, now_);
    if (fresh.problem) {
      note(*fresh.problem);
      return false;
    }
    for (auto& [index, lock] : locked) {
      throw_if_stopped(stop);
      const auto same = std::ranges::find(fresh.backups, lock.dir(),
                                          [](const PrunedBackup& one) { return one.backup.dir; });
      if (same == fresh.backups.end()) continue;  // somebody's rm
      at(index).backup = same->backup;
      at(index).decision = same->decision;
      if (!same->decision.keep) remove(index, std::move(lock));
    }
    return true;
  }

  /// One backup that can't be removed keeps no other from it.
  void remove(std::size_t index, RemovalLock lock) {
    const Backup& backup = at(index).backup;
    try {
      repository_.remove(std::move(lock));
      at(index).removed = true;
      observer_.message(Level::debug, "removed " + backup.id.shown());
    } catch (const Error& error) {
      const bool listed = exists(backup.dir);
      note(*error.with_context(backup.id.shown())
                ->with_hint(listed ? error.hint()
                                   : "it is not listed any more; what is left lies in .trash/ for the next "
                                     "prune"));
    }
  }

  /// The first one is the report's.
  void note(const Error& problem) {
    if (!report_.problem) {
      report_.problem = problem;
    } else {
      observer_.message(Level::error, problem.what(), problem.hint());
    }
  }

  const Repository& repository_;
  const DatabaseName& of_;
  const PruneOptions& options_;
  const Time now_;
  Observer& observer_;
  PruneReport report_;
  std::vector<std::vector<DiskUse>> uses_;  ///< of those that go, by index
};

}  // namespace

std::uint64_t PruneReport::freed() const {
  std::uint64_t bytes = 0;
  for (const PrunedBackup& one : backups) bytes += one.removed ? one.frees : 0;
  return bytes;
}

std::vector<DatabaseName> databases_in(const Repository& repository, const Repository::Filter& filter,
                                       std::vector<Path>* foreign) {
  std::vector<DatabaseName> names;
  for (const Backup& backup : repository.list(filter, foreign)) {
    DatabaseName name{backup.source(), backup.id.database};
    if (names.empty() || names.back() != name) names.push_back(std::move(name));
  }
  return names;
}

PruneReport prune(const Repository& repository, const DatabaseName& of, const PruneOptions& options, Time now,
                  Observer& observer, std::stop_token stop) {
  observer.phase("prune");
  Pruner pruner(repository, of, options, now, observer);
  try {
    return options.dry_run ? pruner.rehearse() : pruner.run(stop);
  } catch (const Error& error) {
    error.raise_if(ErrorKind::usage, ErrorKind::stopped);
    PruneReport report = pruner.report();
    report.problem = error;
    return report;
  }
}

std::uint64_t prunable_bytes(const Repository& repository, const DatabaseName& of,
                             const PruneOptions& options, Time now) {
  Observer nobody;
  const PruneReport report = Pruner(repository, of, options, now, nobody).plan();
  std::uint64_t bytes = 0;
  for (const PrunedBackup& one : report.backups) bytes += report.problem ? 0 : one.frees;
  return bytes;
}

}  // namespace pgassay::retention
