// pgassay stack switch: replaces a running stack by another, its data carried over by backup and restore,
// with a way back from every step (docs/stacks.md). Before the point of no return whatever fails, a time-out
// and the stop roll back by themselves; after it nothing is chosen that could lose an acknowledged row.
#pragma once

#include "stack/switch/plan.h"
#include "stack/switch/rollback.h"
#include "stack/switch/volumes.h"

namespace pgassay::stack {

struct SwitchReport {
  enum class Outcome { switched, undecided } outcome = Outcome::switched;
  std::string final_backup;               ///< SOURCE/DATABASE/STAMP
  double downtime_seconds = 0;            ///< writers stopped → the new stack healthy
  std::vector<VolumePair> carried;        ///< volumes that were copied
  std::vector<std::string> volumes_left;  ///< volumes of the old stack that were not
  std::string problem, hint;              ///< of what is undecided, or of routes that do not answer
};

/// The plan must have no obstacles: throws Refused. Throws Refused too when the last switch of that name is
/// neither finished nor undone. An Error that ends it before the point of no return comes when the old stack
/// runs again, and says so; one that could not be undone says that.
SwitchReport run_switch(const Repository& repository, const SwitchLock& lock, const SwitchOptions& options,
                        const SwitchScene& scene, const SwitchPlan& plan, Observer& observer,
                        std::stop_token stop);

/// Goes on with what was interrupted. Throws Refused when there is nothing to go on with.
SwitchReport resume_switch(const Repository& repository, const SwitchLock& lock, SwitchOptions options,
                           const SwitchScene& scene, Observer& observer, std::stop_token stop);

/// Throws Refused when a switch of that name is open, or another one needs the new stack's containers for its
/// way back.
void check_may_begin(const Repository& repository, const SwitchPlan& plan, const SwitchScene& scene);

}  // namespace pgassay::stack
