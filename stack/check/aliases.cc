// Check 12: on a network that two stacks share, a name that both have is answered by either.
#include "stack/check/checks.h"

namespace pgassay::stack {

void check_aliases(const StackFacts& stack, const Surroundings& around, Findings& out) {
  const ComposeModel* model = model_or_note(stack, out);
  if (model == nullptr) return;
  const auto ours = names_on_networks(*model);
  with_each_other(stack, around, out, [&](const StackFacts& other, const ComposeModel& compared) {
    const auto theirs = names_on_networks(compared);
    for (const auto& [network, names] : ours) {
      const auto shared = theirs.find(network);
      if (shared == theirs.end()) continue;
      for (const auto& [name, service] : names)
        if (shared->second.contains(name))
          out.refuse(stack.file_with(service), "services." + service + ".networks",
                     "on the network " + network + " the name " + name + " is also a service of stack " +
                         other.name() + ": either may answer",
                     "rename the service, such as " + name + "-" + stack.name() +
                         "; on a network of the stack's own it may keep the alias " + name);
    }
  });
}

}  // namespace pgassay::stack
