#include "stack/routes/checks.h"

namespace pgassay::stack {
namespace {

constexpr NamedRouteCheck kChecks[] = {
    {1, "networks shared with Traefik", check_route_networks},
    {2, "labels", check_route_labels},
    {3, "routers", check_routers},
    {4, "rules and hosts", check_rules},
    {5, "services behind them", check_services},
    {6, "endpoints", check_endpoints},
};

}  // namespace

std::span<const NamedRouteCheck> route_checks() {
  return kChecks;
}

std::set<std::string> exposed_services(const RouteFacts& facts) {
  std::set<std::string> found;
  for (const StackRoute& route : facts.routes()) found.insert(route.service);
  if (const ComposeModel* model = facts.stack.model())
    for (const auto& [name, service] : model->services)
      if (is_exposed(service)) found.insert(name);
  for (const InspectedContainer* one : facts.own_containers())
    if (is_exposed(one->labels)) found.insert(service_of(*one));
  return found;
}

Labels labels_of_service(const RouteFacts& facts, const std::string& service) {
  if (const ComposeModel* model = facts.stack.model()) {
    const ComposeService* found = model->find(service);
    if (found != nullptr) return found->labels;
  }
  const auto containers = facts.containers_of(service);
  return containers.empty() ? Labels() : containers.front()->labels;
}

bool has_containers(const RouteFacts& facts, Findings& out) {
  if (facts.containers && !facts.project.empty()) return true;
  if (!facts.containers) {
    out.unchecked(facts.engine_problem, facts.engine_hint);
  } else {
    out.unchecked("the project's name is not known",
                  "write project = into [stack." + facts.stack.name() + "]");
  }
  return false;
}

bool has_api(const RouteFacts& facts, Findings& out) {
  if (!facts.api) out.unchecked(facts.api_problem, facts.api_hint);
  return facts.api.has_value();
}

}  // namespace pgassay::stack
