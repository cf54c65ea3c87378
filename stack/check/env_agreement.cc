// Check 6.
#include <algorithm>

#include "stack/check/checks.h"

namespace pgassay::stack {
namespace {

void compare_with_template(const StackFacts& stack, Findings& out) {
  const std::string shown = stack.settings.env_template->string();
  for (const EnvVariable& wanted : stack.env_template->variables()) {
    const EnvVariable* found = stack.env->find(wanted.key);
    if (found == nullptr) {
      out.refuse(stack.env_path(), wanted.key, "its template has it, and it is not there",
                 "write " + wanted.key + "=… into it, or take it out of " + shown);
    } else if (found->value == wanted.value && is_secret(wanted.key, wanted.value) &&
               !is_placeholder(wanted.key, wanted.value)) {
      out.refuse(stack.env_path(), wanted.key,
                 "the secret is the one that stands in the template for all to read",
                 "write a new one, and <…> into " + shown);
    }
  }
  for (const EnvVariable& variable : stack.env->variables())
    if (stack.env_template->find(variable.key) == nullptr)
      out.warn(stack.env_path(), variable.key, "its template does not have it",
               "write " + variable.key + "=<…> into " + shown);
}

struct Secret {
  std::string file, key, value;
};

/// Of the env file, and what services have from elsewhere.
std::vector<Secret> secrets_of(const StackFacts& stack) {
  std::vector<Secret> found;
  const auto add = [&](const std::string& file, const std::string& key, const std::string& value) {
    const bool known = std::ranges::find(found, value, &Secret::value) != found.end();
    if (!known && is_secret(key, value) && !is_placeholder(key, value)) found.push_back({file, key, value});
  };
  if (stack.env)
    for (const EnvVariable& variable : stack.env->variables())
      add(stack.env_path(), variable.key, variable.value);
  if (stack.model() == nullptr) return found;
  for (const auto& [name, service] : stack.model()->services)
    for (const auto& [key, value] : service.environment)
      if (!stack.env || stack.env->find(key) == nullptr) add(stack.file_with(name), key, value);
  return found;
}

}  // namespace

void check_env_agreement(const StackFacts& stack, const Surroundings& around, Findings& out) {
  if (!stack.env && stack.env_file) return out.not_made("not made: the env file can't be read (check 3)");
  if (stack.settings.env_template && !stack.env_template)
    out.refuse(stack.settings.env_template->string(), "", stack.template_problem,
               "correct env_template in [stack." + stack.name() + "]");
  if (stack.env && stack.env_template) compare_with_template(stack, out);
  const std::vector<Secret> ours = secrets_of(stack);
  for (const StackFacts& other : around.stacks) {
    if (other.name() == stack.name()) continue;
    if (other.env_file && !other.env)
      out.unchecked("its secrets could not be compared with those of stack " + other.name() +
                        ", whose env file can't be read",
                    "see pgassay stack check " + other.name());
    const std::vector<Secret> theirs = secrets_of(other);
    for (const Secret& secret : ours)
      for (const Secret& same : theirs)
        if (secret.value == same.value) {
          out.refuse(secret.file, secret.key, "the same secret as " + same.key + " of stack " + other.name(),
                     "write another: whoever gets one stack's secret must not get the other's");
          break;
        }
  }
}

}  // namespace pgassay::stack
