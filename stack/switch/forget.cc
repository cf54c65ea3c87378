#include "stack/switch/forget.h"

#include <fmt/format.h>

#include "core/system/error.h"
#include "stack/switch/containers.h"
#include "stack/switch/state.h"

namespace pgassay::stack {

std::vector<std::string> forget_old_stack(SwitchJournal& journal, const std::stop_token& stop) {
  const SwitchState state = replay(journal.entries());
  if (state.standing == SwitchStage::forgotten) return {};
  if (state.standing != SwitchStage::switched)
    throw Refused(
        fmt::format("the switch {} is not done: {}", state.fact(fact::kName), to_string(state.standing)),
        "pgassay stack status " + state.fact(fact::kName));
  const StackContainers containers(Seconds(0));
  std::vector<std::string> ids, removed;
  for (const SwitchedContainer& one : state.old_containers) ids.push_back(one.id);
  const std::vector<StackContainer> there = containers.those(ids, stop);
  for (const StackContainer& one : there)
    if (one.running())
      throw Refused(fmt::format("the container {} of the old stack runs", one.name),
                    "somebody has started it since; find out who needs it");
  for (const StackContainer& one : there) {
    // Without -v: that would remove anonymous volumes.
    containers.docker().answer("can't remove the container " + one.name, {"rm", one.id}, stop);
    removed.push_back(one.name);
  }
  journal.add(entry::kForgotten);
  return removed;
}

}  // namespace pgassay::stack
