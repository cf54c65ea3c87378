// Check 3: every router that labels define is known to Traefik, and on.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "stack/routes/checks.h"

namespace pgassay::stack {
namespace {

std::string joined(const std::vector<std::string>& errors) {
  return errors.empty() ? "it does not say why" : fmt::format("{}", fmt::join(errors, "; "));
}

/// By their names, in lower case → the service whose labels say so.
std::map<std::string, std::string> expected_routers(const RouteFacts& facts) {
  std::map<std::string, std::string> found;
  for (const std::string& service : exposed_services(facts)) {
    // What runs counts, where something does.
    std::vector<Labels> all;
    for (const InspectedContainer* one : facts.containers_of(service))
      if (one->running()) all.push_back(one->labels);
    if (all.empty()) all.push_back(labels_of_service(facts, service));
    for (const Labels& labels : all)
      for (const auto& [name, options] : traefik_http(labels, "routers")) found[name] = service;
  }
  return found;
}

bool is_of_docker(const TraefikRouter& router) {
  return router.provider() == "docker" || router.provider() == "swarm";
}

/// Though there is one to be known: Traefik takes containers that run and are not unhealthy.
bool knows_no_container(const RouteFacts& facts, const std::map<std::string, std::string>& expected) {
  if (!facts.containers || std::ranges::any_of(facts.api->routers, is_of_docker)) return false;
  return std::ranges::any_of(expected, [&](const auto& one) {
    return std::ranges::any_of(facts.containers_of(one.second), [](const InspectedContainer* container) {
      return container->running() && (container->health.empty() || container->health == "healthy");
    });
  });
}

const TraefikRouter* find_router(const TraefikView& api, const std::string& name) {
  for (const TraefikRouter& one : api.routers) {
    if (is_of_docker(one) && in_lower_case(one.name.substr(0, one.name.find('@'))) == name) return &one;
  }
  return nullptr;
}

/// Why Traefik may not know it.
std::string reason(const RouteFacts& facts, const std::string& service) {
  if (!facts.containers) return "see the logs of Traefik";
  const auto containers = facts.containers_of(service);
  for (const InspectedContainer* one : containers) {
    if (!one->running()) return one->name + " is " + one->status + ": Traefik takes what runs";
    if (!one->health.empty() && one->health != "healthy")
      return one->name + " is " + one->health + ": Traefik waits for its health check";
  }
  if (containers.empty()) return service + " has no container: docker compose up -d " + service;
  return "see the logs of Traefik: it leaves a router out that two containers define differently, or whose "
         "labels "
         "it can't read";
}

void look_at(const RouteFacts& facts, const TraefikRouter& router, const std::string& service,
             Findings& out) {
  const std::string key = "http.routers." + router.name;
  const std::string file = service.empty() ? "" : facts.stack.file_with(service);
  if (!router.enabled()) {
    out.refuse(file, key, "Traefik has switched it off: " + joined(router.errors), "correct its labels");
  } else if (router.status != "enabled" || !router.errors.empty()) {
    out.warn(file, key, "Traefik warns of it: " + joined(router.errors), "correct its labels");
  }
}

}  // namespace

void check_routers(const RouteFacts& facts, Findings& out) {
  if (!has_api(facts, out)) return;
  std::set<const TraefikRouter*> seen;
  const std::map<std::string, std::string> expected = expected_routers(facts);
  if (knows_no_container(facts, expected)) {
    out.refuse("", "",
               "Traefik " + facts.api->version +
                   " knows no router of any container: its docker provider is off or can't reach the engine",
               "--providers.docker, and the engine's socket in Traefik's container; see its logs");
    return;
  }
  for (const auto& [name, service] : expected) {
    const TraefikRouter* router = find_router(*facts.api, name);
    if (router == nullptr) {
      out.refuse(facts.stack.file_with(service), "http.routers." + name, "Traefik does not know it",
                 reason(facts, service));
    } else if (seen.insert(router).second) {
      look_at(facts, *router, service, out);
    }
  }
  // Those of other providers, such as a file.
  for (const TraefikRouter& router : facts.api->routers)
    for (const StackRoute& route : facts.routes())
      if (hosts_in_rule(router.rule).contains(route.host) && seen.insert(&router).second)
        look_at(facts, router, "", out);
  if (seen.empty() && out.all().empty()) {
    out.refuse("", "", "Traefik " + facts.api->version + " knows no router of this stack",
               "label the services: traefik.http.routers.NAME.rule=Host(`…`)");
  } else {
    out.note("Traefik " + facts.api->version + " knows " + std::to_string(seen.size()) +
             (seen.size() == 1 ? " router" : " routers") + " of this stack");
  }
}

}  // namespace pgassay::stack
