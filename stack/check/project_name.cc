// Check 8.
#include "stack/check/checks.h"

namespace pgassay::stack {

void check_project_name(const StackFacts& stack, const Surroundings& around, Findings& out) {
  const std::string table = "[stack." + stack.name() + "]";
  if (!stack.settings.project)
    out.refuse("", "project", "no project name is given: compose makes one up from the directory's name",
               "write project = \"" + stack.name() + "\" in " + table);
  if (const EnvVariable* set = stack.env ? stack.env->find("COMPOSE_PROJECT_NAME") : nullptr)
    if (stack.settings.project && set->value != *stack.settings.project)
      out.refuse(stack.env_path() + ":" + std::to_string(set->line), set->key,
                 "another project name than project in " + table,
                 "write " + set->key + "=" + *stack.settings.project + ", or take the line out");
  const auto project_of = [](const StackFacts& one) {
    return one.settings.project ? *one.settings.project : one.model() != nullptr ? one.model()->project : "";
  };
  const std::string project = project_of(stack);
  if (project.empty()) return out.not_made("not compared: no project name is known (checks 1 and 2)");
  for (const StackFacts& other : around.stacks) {
    if (other.name() == stack.name() || project_of(other) != project) continue;
    out.refuse("", "project", "stack " + other.name() + " has the same project name, " + project,
               "give each its own: with one name, `up` of one stack replaces the containers of the other");
  }
  out.note("project " + project);
}

}  // namespace pgassay::stack
