// Check 4: for each route there is a rule that names its host, and what Traefik then asks is the route's
// service.
#include <algorithm>

#include "stack/model/traefik_rule.h"
#include "stack/routes/checks.h"

namespace pgassay::stack {
namespace {

class RuleCheck {
 public:
  RuleCheck(const RouteFacts& facts, Findings& out) : facts_(facts), out_(out) {}

  void look_at(const StackRoute& route) {
    const std::string key = url_of(facts_, route), file = facts_.stack.file_with(route.service);
    const Candidates known = candidates(*facts_.api, route);
    if (known.routers.empty()) {
      if (known.unclear.empty()) {
        out_.refuse(file, key, no_rule(route), hint_for(route));
      } else {
        out_.warn(
            file, key,
            "it can't be told whether " + known.unclear[0]->name + " takes it: " + known.unclear[0]->rule,
            "check 6 says whether it answers");
      }
      return;
    }
    const TraefikRouter& first = *known.routers[0];
    for (std::size_t i = 1; i < known.routers.size(); ++i) {
      const TraefikRouter& other = *known.routers[i];
      if (other.effective_priority() == first.effective_priority() &&
          other.qualified_service() != first.qualified_service())
        out_.warn(file, key,
                  first.name + " and " + other.name + " have the same priority: either may take it",
                  "give one of them a higher priority");
    }
    look_at_target(route, first, file, key);
  }

 private:
  std::string hint_for(const StackRoute& route) const {
    for (const auto& [name, options] : traefik_http(labels_of_service(facts_, route.service), "routers"))
      if (const auto rule = options.find("rule");
          rule != options.end() && fits(rule->second, route.host, route.path) == Fits::yes)
        return "router " + name + " of its labels does: check 3 says what became of it" +
               (route.scheme == "https" ? "; or it lacks tls=true" : "");
    return "write traefik.http.routers.NAME.rule=Host(`" + route.host + "`)" +
           (route.scheme == "https" ? " and .tls=true" : "");
  }
  std::string no_rule(const StackRoute& route) const {
    std::string off;
    for (const TraefikRouter& one : facts_.api->routers)
      if (!one.enabled() && hosts_in_rule(one.rule).contains(route.host)) off += " " + one.name;
    if (!off.empty()) return "no router that is on names it (off:" + off + ", see check 3)";
    return "no router's rule names the host " + route.host +
           (route.path == "/" ? "" : " and takes " + route.path) +
           (route.scheme ? " with " + *route.scheme : "");
  }
  /// Servers that belong to somebody else, as with another stack's router of a higher priority.
  void look_at_target(const StackRoute& route, const TraefikRouter& router, const std::string& file,
                      const std::string& key) {
    if (router.name.ends_with("@internal")) return;  // a redirect between entry points
    const std::vector<std::string> servers = facts_.api->servers_behind(router.qualified_service());
    for (const std::string& url : servers) {
      const InspectedContainer* one = facts_.container_at(url);
      if (one == nullptr) continue;  // no container's, or nobody could be asked
      if (project_of(*one) == facts_.project && service_of(*one) == route.service) continue;
      out_.refuse(file, key,
                  "router " + router.name + " leads to " + facts_.shown(*one) + " at " + url + ", not to " +
                      route.service,
                  "give this stack its own host, or correct service in its route and labels");
      return;
    }
    out_.note(route.host + route.path + " by " + router.name);
  }

  const RouteFacts& facts_;
  Findings& out_;
};

}  // namespace

void check_rules(const RouteFacts& facts, Findings& out) {
  if (facts.routes().empty()) {
    out.unchecked("no route is configured", "write [[stack." + facts.stack.name() + ".route]]");
    return;
  }
  if (!facts.api) {
    out.not_made("not made: Traefik's API does not answer (check 3)");
    return;
  }
  RuleCheck check(facts, out);
  for (const StackRoute& route : facts.routes()) check.look_at(route);
}

}  // namespace pgassay::stack
