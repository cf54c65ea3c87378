// Check 13: Traefik drops a router, a service or a middleware that two containers define differently.
#include "stack/check/checks.h"
#include "stack/model/traefik_labels.h"

namespace pgassay::stack {

void check_traefik_names(const StackFacts& stack, const Surroundings& around, Findings& out) {
  const ComposeModel* model = model_or_note(stack, out);
  if (model == nullptr) return;
  with_each_other(stack, around, out, [&](const StackFacts& other, const ComposeModel& theirs) {
    std::map<std::string, std::string> taken;
    for (const auto& [name, service] : theirs.services)
      for (const std::string& one : traefik_names(service)) taken.emplace(one, name);
    for (const auto& [name, service] : model->services)
      for (const std::string& one : traefik_names(service))
        if (const auto same = taken.find(one); same != taken.end())
          out.refuse(stack.file_with(name), "services." + name + ".labels",
                     "traefik." + one + " is also a name of " + same->second + " of stack " + other.name(),
                     "name it after the stack, such as traefik." + one + "-" + stack.name());
  });
}

}  // namespace pgassay::stack
