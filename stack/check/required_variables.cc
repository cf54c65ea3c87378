// Check 4.
#include <algorithm>

#include "stack/check/checks.h"

namespace pgassay::stack {
namespace {

bool set_by_a_service(const ComposeModel* model, const std::string& key) {
  return model != nullptr && std::ranges::any_of(model->services, [&](const auto& service) {
           const auto found = service.second.environment.find(key);
           return found != service.second.environment.end() && !found->second.empty();
         });
}

bool is_in_the_files(const StackFacts& stack, const std::string& name) {
  return std::ranges::any_of(stack.compose_texts, [&](const std::string& text) {
    return text.find("${" + name) != std::string::npos || text.find("$" + name) != std::string::npos;
  });
}

/// Compose reads a $ in the env file's values as a variable, and leaves nothing in its place.
const EnvVariable* with_a_dollar(const StackFacts& stack, const std::string& name) {
  if (!stack.env) return nullptr;
  for (const EnvVariable& variable : stack.env->variables()) {
    if (variable.literal) continue;
    for (const std::string& use : {"$" + name, "${" + name})
      if (variable.value.find(use) != std::string::npos) return &variable;
  }
  return nullptr;
}

}  // namespace

void check_required_variables(const StackFacts& stack, const Surroundings&, Findings& out) {
  for (const std::string& key : stack.settings.required_variables) {
    const EnvVariable* variable = stack.env ? stack.env->find(key) : nullptr;
    if (variable != nullptr && !variable->value.empty()) continue;
    if (set_by_a_service(stack.model(), key)) continue;
    if (variable == nullptr && !stack.env && stack.env_file) {
      out.not_made("not made: the env file can't be read (check 3)");
      continue;
    }
    out.refuse(stack.env_path(), key, variable != nullptr ? "required, and empty" : "required, and not there",
               "write " + key + "=… into it");
  }
  for (const std::string& name : stack.resolved.unset) {
    // The name of what was a part of a password is not to be told.
    if (const EnvVariable* variable = with_a_dollar(stack, name)) {
      out.refuse(stack.env_path(), variable->key,
                 "compose takes what follows the $ in its value for a variable, and cuts it out",
                 "put the value into single quotes");
    } else if (is_in_the_files(stack, name)) {
      out.refuse(stack.env_path(), name,
                 "the compose files use it, and it is set nowhere: compose puts nothing in its place",
                 "write " + name + "=… into the env file, or ${" + name + ":-DEFAULT} in the compose file");
    }
  }
  out.note(std::to_string(stack.settings.required_variables.size()) + " required");
}

}  // namespace pgassay::stack
