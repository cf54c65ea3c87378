// The checks of `stack routes`, each in a file of its own. A check looks at facts, and asks nobody.
#pragma once

#include <set>
#include <span>

#include "stack/model/findings.h"
#include "stack/model/traefik_labels.h"
#include "stack/routes/facts.h"

namespace pgassay::stack {

void check_route_networks(const RouteFacts& facts, Findings& out);
void check_route_labels(const RouteFacts& facts, Findings& out);
void check_routers(const RouteFacts& facts, Findings& out);
void check_rules(const RouteFacts& facts, Findings& out);
void check_services(const RouteFacts& facts, Findings& out);
void check_endpoints(const RouteFacts& facts, Findings& out);

struct NamedRouteCheck {
  int number;
  const char* name;
  void (*run)(const RouteFacts&, Findings&);
};
std::span<const NamedRouteCheck> route_checks();  ///< all, in the order of their numbers

// For those that need it.

/// Services with a route, and all others that the stack shows to Traefik.
std::set<std::string> exposed_services(const RouteFacts& facts);
/// By compose, else of a container; empty: neither is known.
Labels labels_of_service(const RouteFacts& facts, const std::string& service);
/// Else it is said that the engine, or Traefik's API, does not answer.
bool has_containers(const RouteFacts& facts, Findings& out);
bool has_api(const RouteFacts& facts, Findings& out);

}  // namespace pgassay::stack
