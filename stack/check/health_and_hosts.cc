// Check 10.
#include "stack/check/checks.h"
#include "stack/model/traefik_labels.h"
#include "stack/model/traefik_release.h"
#include "stack/model/traefik_rule.h"

namespace pgassay::stack {
namespace {

void look_at_health(const StackFacts& stack, const ComposeModel& model, const Surroundings& around,
                    Findings& out) {
  for (const auto& [name, service] : model.services) {
    if (service.has_healthcheck || service.runs_once) continue;
    if (!service.healthcheck_is_off && around.engine &&
        around.engine->images_with_healthcheck.contains(service.image))
      continue;
    // Without the image nobody knows whether it brings one.
    const bool image_may_have_one =
        !service.healthcheck_is_off && !(around.engine && around.engine->images.contains(service.image));
    out.refuse(stack.file_with(name), "services." + name + ".healthcheck",
               service.healthcheck_is_off ? "the health check is switched off"
               : image_may_have_one
                   ? "there is no health check, and the image is not here to be asked for one"
                   : "there is no health check, neither here nor in the image",
               "write healthcheck: {test: …}: nobody can tell otherwise when it is ready");
  }
}

/// By the labels, and by what the configuration says.
std::set<std::string> all_hosts(const StackFacts& stack, const ComposeModel& model) {
  std::set<std::string> hosts;
  for (const auto& [name, service] : model.services) hosts.merge(hosts_of(service));
  for (const StackRoute& route : stack.settings.routes) hosts.insert(route.host);
  return hosts;
}

/// What may take the route's host and is not to be told from the labels; empty: nothing.
std::string left_to_traefik(const ComposeService& service, const StackRoute& route) {
  if (!is_exposed(service)) return {};
  const auto routers = traefik_http(service.labels, "routers");
  for (const auto& [name, options] : routers) {
    const auto rule = options.find("rule");
    if (rule == options.end()) return "router " + name + " has Traefik's default rule";
    if (fits(rule->second, route.host, route.path) != Fits::no)
      return "the rule of router " + name + " names no host";
  }
  return routers.empty() ? "it has no router of its own, but Traefik's default one" : "";
}

void look_at_routes(const StackFacts& stack, const ComposeModel& model, Findings& out) {
  for (const StackRoute& route : stack.settings.routes) {
    const ComposeService* service = model.find(route.service);
    if (service == nullptr || hosts_of(*service).contains(route.host)) continue;  // the first: check 2
    if (const std::string doubt = left_to_traefik(*service, route); !doubt.empty()) {
      out.warn(stack.file_with(route.service), "services." + route.service + ".labels",
               doubt + ": only Traefik can tell whether it takes " + route.host,
               "pgassay stack routes " + stack.name() + " asks it");
      continue;
    }
    out.refuse(
        stack.file_with(route.service), "services." + route.service + ".labels",
        "no rule of a Traefik router names the host " + route.host + " of its route",
        "write traefik.http.routers.NAME.rule=Host(`" + route.host + "`), and not traefik.enable=false");
  }
}

/// Traefik v3 drops a router whose matcher has several values, unless it is told to read the rule as v2 did.
void look_at_values(const StackFacts& stack, const ComposeModel& model, const Surroundings& around,
                    Findings& out) {
  const std::optional<int> major = traefik_major(stack, around);
  if (major == 2) return;
  for (const auto& [name, service] : model.services)
    for (const auto& [router, options] : traefik_http(service.labels, "routers")) {
      const auto rule = options.find("rule"), syntax = options.find("rulesyntax");
      if (rule == options.end() || (syntax != options.end() && in_lower_case(syntax->second) == "v2"))
        continue;
      const std::string matcher = matcher_of_several(rule->second);
      if (matcher.empty()) continue;
      const std::string key = "services." + name + ".labels.traefik.http.routers." + router + ".rule",
                        text = matcher +
                               "(…) holds several values, and Traefik v3 takes one: it drops the router",
                        hint = matcher + "(`…`) || " + matcher + "(`…`), which v2 reads, too";
      if (major)
        out.refuse(stack.file_with(name), key, text, hint);
      else
        out.warn(stack.file_with(name), key, text, hint);
    }
}

}  // namespace

void check_health_and_hosts(const StackFacts& stack, const Surroundings& around, Findings& out) {
  const ComposeModel* model = model_or_note(stack, out);
  if (model == nullptr) return;
  look_at_health(stack, *model, around, out);
  look_at_routes(stack, *model, out);
  look_at_values(stack, *model, around, out);
  with_each_other(stack, around, out, [&](const StackFacts& other, const ComposeModel& theirs) {
    const std::set<std::string> taken = all_hosts(other, theirs);
    std::set<std::string> told;
    for (const auto& [name, service] : model->services)
      for (const std::string& host : hosts_of(service))
        if (taken.contains(host) && told.insert(host).second)
          out.refuse(stack.file_with(name), "services." + name + ".labels",
                     "the host " + host + " is also one of stack " + other.name(),
                     "give each stack its own host: Traefik sends requests to either");
    for (const StackRoute& route : stack.settings.routes)
      if (taken.contains(route.host) && told.insert(route.host).second)
        out.refuse("", "route", "the host " + route.host + " is also one of stack " + other.name(),
                   "give each stack its own host");
  });
}

}  // namespace pgassay::stack
