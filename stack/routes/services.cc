// Check 5: what is behind the routes runs, is healthy, and is what Traefik asks.
#include <algorithm>

#include "stack/routes/checks.h"

namespace pgassay::stack {
namespace {

void look_at_containers(const RouteFacts& facts, const std::string& service, Findings& out) {
  const auto containers = facts.containers_of(service);
  const std::string key = "services." + service, file = facts.stack.file_with(service);
  if (containers.empty())
    out.refuse(file, key, "it has no container in the project " + facts.project,
               "docker compose -p " + facts.project + " up -d " + service);
  for (const InspectedContainer* one : containers) {
    if (!one->running()) {
      out.refuse(file, key, "the container " + one->name + " is " + one->status,
                 "see docker logs " + one->name);
    } else if (!one->health.empty() && one->health != "healthy") {
      std::string hint = "see docker inspect --format '{{json .State.Health}}' " + one->name;
      const ComposeService* known = facts.stack.model() ? facts.stack.model()->find(service) : nullptr;
      if (known != nullptr && known->health)
        hint += "; " + longer_start_period(*known->health) + ", and docker compose up -d";
      out.refuse(file, key,
                 "the container " + one->name + " is " + one->health + ": Traefik asks only healthy ones",
                 hint);
    }
  }
}

/// The service that Traefik asks for a route; null: none is known.
const TraefikService* service_behind(const TraefikView& api, const StackRoute& route) {
  const Candidates known = candidates(api, route);
  return known.routers.empty() ? nullptr : api.service(known.routers[0]->qualified_service());
}

void look_at_servers(const RouteFacts& facts, const StackRoute& route, Findings& out) {
  const TraefikService* service = service_behind(*facts.api, route);
  if (service == nullptr || service->name.ends_with("@internal")) return;  // the first: check 4
  const std::string key = "http.services." + service->name, file = facts.stack.file_with(route.service);
  std::string errors;
  for (const std::string& one : service->errors) errors += ": " + one;
  if (service->status == "disabled") {
    out.refuse(file, key, "Traefik has switched it off" + errors, "correct its labels");
    return;
  }
  if (service->status == "warning") out.warn(file, key, "Traefik warns of it" + errors, "correct its labels");
  const std::vector<std::string> servers = facts.api->servers_behind(service->name);
  if (servers.empty())
    out.refuse(file, key, "Traefik knows no server for it", "see the logs of Traefik, and checks 1 and 2");
  for (const auto& [url, status] : service->server_status)
    if (status != "UP")
      out.refuse(file, key, "Traefik takes the server " + url + " for " + status,
                 "does the service answer Traefik's own health check?");
  for (const InspectedContainer* one : facts.containers_of(route.service)) {
    const bool asked = std::ranges::any_of(servers, [&](const std::string& url) {
      const InspectedContainer* there = facts.container_at(url);
      return there != nullptr && there->id == one->id;
    });
    if (!asked && one->running() && one->health != "starting" && one->health != "unhealthy" &&
        one->network_mode != "host")
      out.warn(file, key, "Traefik does not ask the container " + one->name,
               "see check 1, and the logs of Traefik");
  }
}

}  // namespace

void check_services(const RouteFacts& facts, Findings& out) {
  const bool known = has_containers(facts, out);
  if (known)
    for (const std::string& service : exposed_services(facts)) look_at_containers(facts, service, out);
  if (!facts.api) {
    out.not_made("Traefik's API does not answer (check 3): it is not known which servers it asks");
    return;
  }
  std::set<const TraefikService*> seen;
  for (const StackRoute& route : facts.routes())
    if (const TraefikService* service = service_behind(*facts.api, route); seen.insert(service).second)
      look_at_servers(facts, route, out);
}

}  // namespace pgassay::stack
