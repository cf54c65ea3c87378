// What Traefik's docker provider makes of live labels
// (https://doc.traefik.io/traefik/reference/install-configuration/providers/docker/), as far as tests need
// it.
#pragma once

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "stack/model/traefik_labels.h"
#include "stack/routes/facts.h"
#include "tests/fixtures/traefik_stub.h"

namespace pgassay::test {

/// What is between `before` and the next backtick; empty: nothing is.
inline std::string quoted_after(const std::string& rule, const std::string& before) {
  const std::size_t at = rule.find(before + "`");
  if (at == std::string::npos) return {};
  const std::size_t begin = at + before.size() + 1;
  return rule.substr(begin, rule.find('`', begin) - begin);
}

/// Gives the stub the routers and services of these projects' containers: of those that run and, where they
/// have a health check, are healthy. `network`: where no label says which.
inline void learn_routes(TraefikStub& stub, const std::set<std::string>& projects,
                         const std::string& network) {
  std::vector<TraefikStub::Router> routers;
  std::vector<TraefikStub::Service> services;
  const auto option = [](const stack::Labels& options, const std::string& key, const std::string& otherwise) {
    const auto found = options.find(key);
    return found == options.end() ? otherwise : found->second;
  };
  for (const InspectedContainer& one : stack::all_containers({})) {
    if (!projects.contains(stack::project_of(one)) || !one.running() ||
        (one.health != "healthy" && !one.health.empty()))
      continue;
    const auto at =
        one.networks.find(option(stack::traefik_labels(one.labels), "traefik.docker.network", network));
    if (at == one.networks.end() || at->second.empty()) continue;
    std::map<std::string, stack::Labels> defined = stack::traefik_http(one.labels, "services");
    for (const auto& [name, options] : stack::traefik_http(one.labels, "routers")) {
      // One without a service of its own gets one by its name.
      const std::string service = defined.empty() ? name : defined.begin()->first;
      const std::string rule = option(options, "rule", "");
      const bool tls =
          std::ranges::any_of(options, [](const auto& key) { return key.first.starts_with("tls"); });
      routers.push_back({name + "@docker", quoted_after(rule, "Host("), quoted_after(rule, "PathPrefix("),
                         service, tls, static_cast<std::int64_t>(rule.size())});
      services.push_back(
          {service + "@docker",
           {"http://" + at->second[0] + ":" + option(defined[service], "loadbalancer.server.port", "8000")}});
    }
  }
  stub.set(routers, services);
}

}  // namespace pgassay::test
