// Check 1: Traefik reaches a container by its address on a network that both are on.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "stack/routes/checks.h"

namespace pgassay::stack {
namespace {

constexpr std::string_view kDefaultNetwork = "--providers.docker.network=";

std::string names(const std::set<std::string>& all) {
  return all.empty() ? "none" : fmt::format("{}", fmt::join(all, ", "));
}

std::set<std::string> networks_of(const InspectedContainer& container) {
  std::set<std::string> found;
  for (const auto& [name, addresses] : container.networks) found.insert(name);
  return found;
}

/// The network whose address Traefik is told to take; empty: any.
std::string chosen_network(const InspectedContainer& container, const InspectedContainer& traefik) {
  const Labels labels = traefik_labels(container.labels);
  if (const auto label = labels.find("traefik.docker.network"); label != labels.end()) return label->second;
  for (const std::string& argument : traefik.arguments)
    if (in_lower_case(argument).starts_with(kDefaultNetwork)) return argument.substr(kDefaultNetwork.size());
  return {};
}

/// A network on which Traefik now asks for the container though it is not there itself; empty: none is known.
std::string wrong_address(const RouteFacts& facts, const InspectedContainer& container,
                          const std::set<std::string>& shared) {
  if (!facts.api) return {};
  for (const TraefikService& service : facts.api->services)
    for (const std::string& url : service.servers) {
      if (facts.container_at(url) == nullptr || facts.container_at(url)->id != container.id) continue;
      for (const auto& [network, addresses] : container.networks)
        for (const std::string& address : addresses)
          if (!shared.contains(network) && url.find("//" + address + ":") != std::string::npos)
            return network;
    }
  return {};
}

void look_at(const RouteFacts& facts, const InspectedContainer& container, const InspectedContainer& traefik,
             Findings& out) {
  const std::string service = service_of(container), file = facts.stack.file_with(service);
  const std::set<std::string> ours = networks_of(container), theirs = networks_of(traefik);
  std::set<std::string> shared;
  std::ranges::set_intersection(ours, theirs, std::inserter(shared, shared.end()));
  if (shared.empty()) {
    out.refuse(file, "services." + service + ".networks",
               "the container " + container.name + " is on the networks " + names(ours) + ", Traefik (" +
                   traefik.name + ") on " + names(theirs) + ": they share none",
               "put the service on one of Traefik's networks, which is external here");
    return;
  }
  const std::string chosen = chosen_network(container, traefik);
  const std::string key = "services." + service + ".labels";
  const std::string hint = "write traefik.docker.network=" + *shared.begin();
  if (!chosen.empty()) {
    if (ours.contains(chosen) && !shared.contains(chosen))
      out.refuse(
          file, key,
          "Traefik is to reach " + container.name + " on the network " + chosen + ", and is not on it itself",
          hint);
    return;
  }
  if (shared.size() == ours.size()) return;
  const std::string wrong = wrong_address(facts, container, shared);
  if (!wrong.empty()) {
    out.refuse(file, key,
               "Traefik asks for " + container.name + " at its address on the network " + wrong +
                   ", and is not on it itself",
               hint);
  } else {
    out.warn(
        file, key,
        container.name + " is on several networks, not all of them Traefik's: it may take the address on any",
        hint);
  }
}

}  // namespace

void check_route_networks(const RouteFacts& facts, Findings& out) {
  if (!has_containers(facts, out)) return;
  const bool on_host = facts.stack.settings.traefik.on_host;
  if (!on_host && !facts.traefik) {
    out.unchecked(facts.traefik_problem,
                  "name it: container = in [traefik]; or on_host = true where Traefik is no container");
    return;
  }
  if (!on_host && !facts.traefik->running()) {
    out.refuse("", "", "Traefik's container " + facts.traefik->name + " is " + facts.traefik->status,
               "docker start " + facts.traefik->name);
    return;
  }
  int seen = 0;
  for (const std::string& service : exposed_services(facts))
    for (const InspectedContainer* one : facts.containers_of(service)) {
      if (!one->running()) continue;
      ++seen;
      if (one->network_mode == "host") {
        out.note(one->name + " is on this host's own network");
      } else if (!on_host && facts.traefik->network_mode != "host") {
        look_at(facts, *one, *facts.traefik, out);
      } else if (one->addresses.empty()) {
        out.refuse(facts.stack.file_with(service), "services." + service + ".networks",
                   "the container " + one->name + " has no address", "put the service on a network");
      }
    }
  if (seen == 0) out.not_made("not made: no container of these services runs (check 5)");
}

}  // namespace pgassay::stack
