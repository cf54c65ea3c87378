// Check 9.
#include <algorithm>

#include "stack/check/checks.h"

namespace pgassay::stack {
namespace {

bool uses(const ComposeModel& model, const std::string& network) {
  return std::ranges::any_of(
      model.networks, [&](const auto& one) { return one.second.external && one.second.name == network; });
}

}  // namespace

void check_external_networks(const StackFacts& stack, const Surroundings& around, Findings& out) {
  const std::string table = "[stack." + stack.name() + "]";
  std::set<std::string> wanted(stack.settings.external_networks.begin(),
                               stack.settings.external_networks.end());
  if (const ComposeModel* model = model_or_note(stack, out)) {
    for (const std::string& name : stack.settings.external_networks)
      if (!uses(*model, name))
        out.warn(stack.settings.compose_files[0].string(), "networks",
                 "no service is on the external network " + name + ", which external_networks names",
                 "make it external in the compose file, or take it out of " + table);
    for (const auto& [key, network] : model->networks) {
      if (!network.external) continue;
      if (!wanted.contains(network.name))
        out.warn(stack.file_with(key), "networks." + key,
                 "external, and so shared with whoever is on it, but not named in external_networks",
                 "write external_networks = [\"" + network.name + "\"] in " + table);
      wanted.insert(network.name);
    }
  }
  if (wanted.empty()) return out.note("none");
  if (!around.engine) return out.not_made("not looked for: docker can't be asked (check 1)");
  for (const std::string& name : wanted) {
    if (around.engine->networks.contains(name)) {
      out.note(name + " is there");
    } else {
      out.refuse(stack.settings.compose_files[0].string(), "networks",
                 "there is no network " + name + " on this host", "docker network create " + name);
    }
  }
}

}  // namespace pgassay::stack
