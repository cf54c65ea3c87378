#include "stack/routes/facts.h"

#include <algorithm>

#include "core/container/container_cli.h"
#include "core/system/error.h"
#include "stack/model/traefik_release.h"
#include "stack/model/traefik_rule.h"

namespace pgassay::stack {
namespace {

constexpr char kProject[] = "com.docker.compose.project", kService[] = "com.docker.compose.service",
               kOneOff[] = "com.docker.compose.oneoff";
constexpr unsigned kApiPort = 8080;

std::string label(const InspectedContainer& container, const char* name) {
  const auto found = container.labels.find(name);
  return found == container.labels.end() ? std::string() : found->second;
}

/// HOST of SCHEME://[USER@]HOST[:PORT]/…, without an IPv6 address's brackets.
std::string host_of(const std::string& url) {
  std::string place = place_of(url);
  if (const std::size_t scheme = place.find("://"); scheme != std::string::npos) place.erase(0, scheme + 3);
  if (place.starts_with('[')) return place.substr(1, place.find(']') - 1);
  return place.substr(0, place.find(':'));
}

/// Where the API of a container answers.
std::string api_of(const InspectedContainer& container) {
  const auto at = [](const std::string& address, unsigned port) {
    return "http://" + bracketed(address) + ":" + std::to_string(port);
  };
  for (const auto& published : container.published) {
    if (published.port != kApiPort) continue;
    const std::string& address = published.address;
    return at(address.empty() || address == "0.0.0.0" || address == "::" ? "127.0.0.1" : address,
              published.host_port);
  }
  if (container.network_mode == "host") return at("127.0.0.1", kApiPort);
  return container.addresses.empty() ? std::string() : at(container.addresses.front(), kApiPort);
}

/// What Traefik makes of redirections between entry points: a router for every host, ahead of all others.
bool leads_to_https(const TraefikRouter& router) {
  return router.provider() == "internal" && !router.tls && router.rule.starts_with("HostRegexp(");
}

}  // namespace

std::string bracketed(const std::string& address) {
  return address.find(':') == std::string::npos ? address : "[" + address + "]";
}

std::string service_of(const InspectedContainer& container) {
  return label(container, kService);
}

std::string project_of(const InspectedContainer& container) {
  return label(container, kProject);
}

std::vector<const InspectedContainer*> RouteFacts::own_containers() const {
  std::vector<const InspectedContainer*> found;
  if (!containers || project.empty()) return found;
  for (const InspectedContainer& one : *containers)
    if (project_of(one) == project && label(one, kOneOff) != "True") found.push_back(&one);
  return found;
}

std::vector<const InspectedContainer*> RouteFacts::containers_of(const std::string& service) const {
  std::vector<const InspectedContainer*> found = own_containers();
  std::erase_if(found, [&](const InspectedContainer* one) { return service_of(*one) != service; });
  return found;
}

const InspectedContainer* RouteFacts::container_at(const std::string& url) const {
  const std::string host = host_of(url);
  if (!containers || host.empty()) return nullptr;
  for (const InspectedContainer& one : *containers)
    if (std::ranges::find(one.addresses, host) != one.addresses.end()) return &one;
  return nullptr;
}

std::string RouteFacts::shown(const InspectedContainer& container) const {
  const std::string theirs = project_of(container);
  return "the container " + container.name +
         (theirs == project ? ""
          : theirs.empty()  ? " of no project"
                            : " of the project " + theirs);
}

std::vector<InspectedContainer> all_containers(std::stop_token stop) {
  const ContainerCli docker("docker");
  const std::vector<std::string> ids = docker.ids({}, stop);
  if (ids.empty()) return {};
  std::vector<std::string> inspect = {"container", "inspect"};
  inspect.insert(inspect.end(), ids.begin(), ids.end());
  // Any of them may be gone by now.
  return parse_inspected(docker.answer_in_part(inspect, std::move(stop)));
}

void find_traefik(RouteFacts& facts) {
  const TraefikSettings& settings = facts.stack.settings.traefik;
  if (!facts.containers || settings.on_host) return;
  std::vector<const InspectedContainer*> found;
  for (const InspectedContainer& one : *facts.containers)
    if (settings.container.empty() ? one.running() && is_traefik(one.image) : one.name == settings.container)
      found.push_back(&one);
  if (found.size() == 1) {
    facts.traefik = *found[0];
  } else if (found.size() > 1) {
    facts.traefik_problem = "several containers run Traefik";
    for (const InspectedContainer* one : found)
      facts.traefik_problem += (one == found[0] ? ": " : ", ") + one->name;
  } else {
    facts.traefik_problem = settings.container.empty() ? "no running container has an image called traefik"
                                                       : "there is no container " + settings.container;
  }
}

void ask_api(RouteFacts& facts, Seconds timeout, const std::stop_token& stop) {
  const TraefikSettings& settings = facts.stack.settings.traefik;
  facts.api_hint = "write api = \"http://127.0.0.1:8080\" or container = \"traefik\" into [traefik]";
  std::string api = settings.api;
  if (api.empty() && facts.traefik) api = api_of(*facts.traefik);
  if (api.empty()) {
    facts.api_problem = facts.traefik ? "the container " + facts.traefik->name + " has no address"
                                      : "nothing says where Traefik's API answers";
    if (!facts.traefik_problem.empty()) facts.api_problem += ", and " + facts.traefik_problem;
    return;
  }
  facts.api_was_asked = true;
  try {
    facts.api = ask_traefik(api, settings, timeout, stop);
  } catch (const Unverified& error) {
    facts.api_problem = error.what();
    facts.api_hint = error.hint();
  }
}

Candidates candidates(const TraefikView& api, const StackRoute& route) {
  Candidates found;
  for (const TraefikRouter& router : api.routers) {
    if (!router.enabled() || (route.scheme && router.tls != (*route.scheme == "https"))) continue;
    // Traefik's own, such as that to its API, are on an entry point of their own.
    if (router.provider() == "internal" && !leads_to_https(router)) continue;
    const Fits fit = fits(router.rule, route.host, route.path);
    if (fit == Fits::yes || leads_to_https(router)) found.routers.push_back(&router);
    if (fit == Fits::unknown && router.rule.find(route.host) != std::string::npos)
      found.unclear.push_back(&router);
  }
  // Without a scheme both are served, perhaps: then what has TLS is what is meant.
  const auto has_tls = [](const TraefikRouter* one) { return one->tls; };
  if (!route.scheme && std::ranges::any_of(found.routers, has_tls))
    std::erase_if(found.routers, [](const TraefikRouter* one) { return !one->tls; });
  std::ranges::stable_sort(found.routers, [](const TraefikRouter* one, const TraefikRouter* other) {
    return one->effective_priority() > other->effective_priority();
  });
  return found;
}

std::string scheme_of(const RouteFacts& facts, const StackRoute& route) {
  if (route.scheme) return *route.scheme;
  if (!facts.api) return "https";
  const Candidates known = candidates(*facts.api, route);
  return known.routers.empty() || known.routers.front()->tls ? "https" : "http";
}

std::string url_of(const RouteFacts& facts, const StackRoute& route) {
  return scheme_of(facts, route) + "://" + route.host + route.path;
}

}  // namespace pgassay::stack
