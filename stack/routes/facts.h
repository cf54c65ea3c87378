// What the checks of `stack routes` go by: gathered anew each time, then only looked at.
#pragma once

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/container/inspected.h"
#include "core/http/http.h"
#include "core/system/clock.h"
#include "stack/model/facts.h"
#include "stack/routes/traefik_api.h"

namespace pgassay::stack {

/// What came of asking for a route.
struct RouteAnswer {
  std::string url;                   ///< that was asked for in the end, after redirects
  std::optional<HttpAnswer> answer;  ///< absent: nobody answered
  std::string problem;               ///< why; of a redirect that is not followed, too
  NoHttpAnswer::Why why = NoHttpAnswer::Why::other;
  std::vector<std::string> redirects;  ///< URLs that it led through
};

struct RouteFacts {
  StackFacts stack;
  std::string project;  ///< compose's; empty: not known
  /// Of all projects; absent: the engine does not answer.
  std::optional<std::vector<InspectedContainer>> containers;
  std::string engine_problem, engine_hint;
  std::optional<InspectedContainer> traefik;
  std::string traefik_problem;  ///< why it is not known which container Traefik is
  std::optional<TraefikView> api;
  bool api_was_asked = false;  ///< it is known where it should answer
  std::string api_problem, api_hint;
  std::vector<RouteAnswer> answers;  ///< one for each route, in their order

  const std::vector<StackRoute>& routes() const { return stack.settings.routes; }
  /// Of the stack's project; those of `compose run` are left out.
  std::vector<const InspectedContainer*> containers_of(const std::string& service) const;
  std::vector<const InspectedContainer*> own_containers() const;
  /// Whose address is in this URL; null: nobody's.
  const InspectedContainer* container_at(const std::string& url) const;
  /// "container api-1 of recyclic-staging"
  std::string shown(const InspectedContainer& container) const;
};

/// As it stands in a URL: an IPv6 address in brackets.
std::string bracketed(const std::string& address);
std::string service_of(const InspectedContainer& container);
std::string project_of(const InspectedContainer& container);

/// Every container of the engine, in one call. Throws Error.
std::vector<InspectedContainer> all_containers(std::stop_token stop);
/// Into `traefik`, or `traefik_problem`.
void find_traefik(RouteFacts& facts);
/// Into `api`, or its problem.
void ask_api(RouteFacts& facts, Seconds timeout, const std::stop_token& stop);
/// Into `answers`.
void ask_routes(RouteFacts& facts, Seconds timeout, const std::stop_token& stop);

/// Routers for a route that have its scheme, if it has one: the one that gets the request first. `unclear`:
/// rules that can't be judged.
struct Candidates {
  std::vector<const TraefikRouter*> routers;
  std::vector<const TraefikRouter*> unclear;
};
Candidates candidates(const TraefikView& api, const StackRoute& route);
/// "https" unless it is known that only http is served.
std::string scheme_of(const RouteFacts& facts, const StackRoute& route);
/// https://HOST/PATH
std::string url_of(const RouteFacts& facts, const StackRoute& route);

}  // namespace pgassay::stack
