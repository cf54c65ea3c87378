// Check 15.
#include "stack/check/checks.h"

namespace pgassay::stack {

void check_restart_policies(const StackFacts& stack, const Surroundings&, Findings& out) {
  const ComposeModel* model = model_or_note(stack, out);
  if (model == nullptr) return;
  for (const auto& [name, service] : model->services) {
    if (service.runs_once) {
      if (service.restart == "always" || service.restart == "unless-stopped")
        out.warn(stack.file_with(name), "services." + name + ".restart",
                 "others wait until it has ended, and it is started again when it ends",
                 "write restart: \"no\"");
      continue;
    }
    if (!service.restart.empty() && service.restart != "no") continue;
    out.warn(stack.file_with(name), "services." + name + ".restart",
             "it stays down after a crash and after the host has started anew",
             "write restart: unless-stopped");
  }
}

}  // namespace pgassay::stack
