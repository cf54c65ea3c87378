#include "stack/check/checks.h"

namespace pgassay::stack {
namespace {

constexpr NamedStackCheck kChecks[] = {
    {1, "engine and compose", check_engine},
    {2, "compose files", check_compose_files},
    {3, "env file", check_env_file},
    {4, "required variables", check_required_variables},
    {5, "placeholders", check_placeholders},
    {6, "template and secrets", check_env_agreement},
    {7, "collisions", check_collisions},
    {8, "project name", check_project_name},
    {9, "external networks", check_external_networks},
    {10, "health checks and hosts", check_health_and_hosts},
    {11, "database volume", check_database_volume},
    {12, "service names on shared networks", check_aliases},
    {13, "Traefik names", check_traefik_names},
    {14, "image tags", check_images},
    {15, "restart policies", check_restart_policies},
    {16, "newest backup", check_backup_age},
};

}  // namespace

std::span<const NamedStackCheck> stack_checks() {
  return kChecks;
}

const ComposeModel* model_or_note(const StackFacts& stack, Findings& out) {
  if (stack.model() == nullptr) out.not_made("not made: nothing is known of the services (checks 1 and 2)");
  return stack.model();
}

void with_each_other(const StackFacts& stack, const Surroundings& around, Findings& out,
                     const std::function<void(const StackFacts&, const ComposeModel&)>& compare) {
  for (const StackFacts& other : around.stacks) {
    if (other.name() == stack.name()) continue;
    if (other.model() != nullptr) {
      compare(other, *other.model());
    } else {
      out.unchecked("could not be compared with stack " + other.name() + ": nothing is known of its services",
                    "see pgassay stack check " + other.name());
    }
  }
}

}  // namespace pgassay::stack
