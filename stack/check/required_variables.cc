// Check 4.
#include <algorithm>
#include <cctype>
#include <set>

#include "stack/check/checks.h"
#include "stack/model/env_dialects.h"
#include "stack/model/env_file.h"

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

/// "$NAME" or "${NAME", and not the beginning of a longer name.
bool uses(const std::string& value, const std::string& name) {
  for (std::size_t at = value.find(name); at != std::string::npos; at = value.find(name, at + 1)) {
    const std::size_t end = at + name.size();
    if (end == value.size() ||
        (std::isalnum(static_cast<unsigned char>(value[end])) == 0 && value[end] != '_'))
      return true;
  }
  return false;
}

/// Compose reads a $ in the env file's values as a variable, and leaves nothing in its place.
const EnvVariable* with_a_dollar(const StackFacts& stack, const std::string& name) {
  if (!stack.env) return nullptr;
  for (const EnvVariable& variable : stack.env->variables())
    if (!variable.literal && (uses(variable.value, "$" + name) || uses(variable.value, "${" + name)))
      return &variable;
  return nullptr;
}

/// What is cut is told by compose v2 (`unset`), and by nobody where 1.29 does it.
void look_for_cuts_of_v1(const StackFacts& stack, const Surroundings& around, std::set<std::string>& told,
                         Findings& out) {
  if (!stack.env || !around.compose_version || !around.compose_version->starts_with("docker-compose 1."))
    return;
  const auto is_set = [&](const std::string& name) { return stack.env->find(name) != nullptr; };
  for (const EnvVariable& variable : stack.env->variables())
    if (!cut_by_v1(variable.raw, is_set).empty() && told.insert(variable.key).second)
      out.refuse(stack.env_path(), variable.key,
                 "docker-compose 1.29 takes ${…} in its value for a variable, and cuts it out, also in "
                 "single quotes",
                 "take a value without ${; or write the variable that is meant into the env file");
}

/// The same file means other passwords to whoever has the other version.
void look_for_dialects(const StackFacts& stack, std::set<std::string>& told, Findings& out) {
  if (!stack.env) return;
  for (const EnvVariable& variable : stack.env->variables()) {
    const std::optional<TwoReadings> readings = read_differently(variable.raw);
    if (!readings || !told.insert(variable.key).second) continue;
    const std::string text =
        "read differently: docker-compose 1.29 " + readings->by_v1 + ", compose v2 " + readings->by_v2;
    if (readings->breaks)
      out.refuse(stack.env_path(), variable.key, text, readings->hint);
    else
      out.warn(stack.env_path(), variable.key, text, readings->hint);
  }
}

/// A password of which a client takes a part for the host, the path or something else.
void look_at_urls(const StackFacts& stack, Findings& out) {
  if (stack.model() == nullptr) return;
  for (const auto& [name, service] : stack.model()->services) {
    for (const auto& [key, value] : service.environment) {
      const std::string wrong = unencoded_in_url(value);
      if (wrong.empty()) continue;
      const std::string text = "the password in this URL holds an unencoded " + wrong + ": clients read ";
      const std::string hint =
          "percent-encode it there (%40 for @), or take a password of letters and digits";
      const std::string where = "services." + name + ".environment." + key;
      if (wrong == ":")
        out.warn(stack.file_with(name), where, text + "it in different ways", hint);
      else
        out.refuse(stack.file_with(name), where, text + "another password or host from it", hint);
    }
  }
}

}  // namespace

void check_required_variables(const StackFacts& stack, const Surroundings& around, Findings& out) {
  std::set<std::string> told;
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
      told.insert(variable->key);
      out.refuse(stack.env_path(), variable->key,
                 "compose takes what follows the $ in its value for a variable, and cuts it out",
                 "put the value into single quotes");
    } else if (is_in_the_files(stack, name)) {
      out.refuse(stack.env_path(), name,
                 "the compose files use it, and it is set nowhere: compose puts nothing in its place",
                 "write " + name + "=… into the env file, or ${" + name + ":-DEFAULT} in the compose file");
    }
  }
  look_for_cuts_of_v1(stack, around, told, out);
  look_for_dialects(stack, told, out);
  look_at_urls(stack, out);
  out.note(std::to_string(stack.settings.required_variables.size()) + " required");
}

}  // namespace pgassay::stack
