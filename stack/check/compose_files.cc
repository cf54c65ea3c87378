// Check 2.
#include "stack/check/checks.h"

namespace pgassay::stack {

void check_compose_files(const StackFacts& stack, const Surroundings&, Findings& out) {
  bool missing = false;
  for (const Path& file : stack.settings.compose_files) {
    if (exists(status_of(file))) continue;
    missing = true;
    out.refuse(file.string(), "", "no such file", "correct compose_files in [stack." + stack.name() + "]");
  }
  if (missing) return;
  if (!stack.compose_ran) return out.not_made("not made: compose could not be run (check 1)");
  const ComposeModel* model = stack.model();
  if (model == nullptr) {
    out.refuse(stack.settings.compose_files[0].string(), "",
               "compose does not take the files: " + stack.resolved.complaint, "see " + stack.config_command);
    return;
  }
  if (model->services.empty()) {
    out.refuse(stack.settings.compose_files[0].string(), "services", "no service is left with these profiles",
               "correct profiles in [stack." + stack.name() + "]");
  }
  for (const std::string& writer : stack.settings.writers)
    if (model->find(writer) == nullptr)
      out.refuse(stack.settings.compose_files[0].string(), "services." + writer,
                 "there is no such service, which writers names",
                 "correct writers in [stack." + stack.name() + "]");
  for (const StackRoute& route : stack.settings.routes)
    if (model->find(route.service) == nullptr)
      out.refuse(stack.settings.compose_files[0].string(), "services." + route.service,
                 "there is no such service, which the route of " + route.host + " names",
                 "correct service in [[stack." + stack.name() + ".route]]");
  out.note(std::to_string(model->services.size()) + " services");
}

}  // namespace pgassay::stack
