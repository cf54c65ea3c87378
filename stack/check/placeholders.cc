// Check 5.
#include <algorithm>

#include "stack/check/checks.h"

namespace pgassay::stack {
namespace {

/// A placeholder that is told already.
bool comes_from_the_env_file(const StackFacts& stack, const std::string& value) {
  return stack.env && std::ranges::any_of(stack.env->variables(), [&](const EnvVariable& variable) {
           return is_placeholder(variable.key, variable.value) &&
                  value.find(variable.value) != std::string::npos;
         });
}

}  // namespace

void check_placeholders(const StackFacts& stack, const Surroundings&, Findings& out) {
  if (stack.env)
    for (const EnvVariable& variable : stack.env->variables())
      if (is_placeholder(variable.key, variable.value))
        out.refuse(stack.env_path() + ":" + std::to_string(variable.line), variable.key,
                   "still a placeholder, or what everybody guesses", "write the real value");
  if (stack.env_file && !stack.env) out.not_made("not made: the env file can't be read (check 3)");
  const ComposeModel* model = model_or_note(stack, out);
  if (model == nullptr) return;
  for (const auto& [name, service] : model->services)
    for (const auto& [key, value] : service.environment) {
      if (!is_placeholder(key, value)) continue;
      if (comes_from_the_env_file(stack, value)) continue;
      out.refuse(stack.file_with(name), "services." + name + ".environment." + key,
                 "still a placeholder, or what everybody guesses",
                 "write the real value where it comes from: the env file, or an env_file of the service");
    }
}

}  // namespace pgassay::stack
