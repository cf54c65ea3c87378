// Check 2: the labels by which Traefik is to find a service are there, and agree with each other and with
// what runs.
#include <algorithm>

#include "core/system/split.h"
#include "stack/routes/checks.h"

namespace pgassay::stack {
namespace {

/// Whatever labels define, of one kind, anywhere on this host: Traefik knows no projects.
std::set<std::string> defined_names(const RouteFacts& facts, std::string_view kind) {
  std::set<std::string> found;
  const auto add = [&](const Labels& labels) {
    for (const auto& [name, options] : traefik_http(labels, kind)) found.insert(name);
  };
  if (const ComposeModel* model = facts.stack.model())
    for (const auto& [name, service] : model->services) add(service.labels);
  if (facts.containers)
    for (const InspectedContainer& one : *facts.containers) add(one.labels);
  return found;
}

/// The service that Traefik makes up for a container that defines none.
std::string made_up_service(const std::string& service, const std::string& project) {
  std::string name;
  for (const char c : in_lower_case(service + "-" + project)) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (plain || (!name.empty() && name.back() != '-')) name += plain ? c : '-';
  }
  return name;
}

class LabelCheck {
 public:
  LabelCheck(const RouteFacts& facts, Findings& out)
      : facts_(facts),
        out_(out),
        services_(defined_names(facts, "services")),
        middlewares_(defined_names(facts, "middlewares")) {}

  void look_at(const std::string& service) {
    const Labels all = labels_of_service(facts_, service), labels = traefik_labels(all);
    if (labels.empty() && is_led_to_without_labels(service)) {
      out_.note("a router of another provider leads to " + service);
      return;
    }
    if (!is_exposed(all)) {
      refuse(service, "",
             labels.empty() ? "there are no labels for Traefik, but a route to this service"
                            : "traefik.enable is false, but there is a route to this service",
             "write traefik.enable=true and traefik.http.routers.NAME.rule=Host(`…`)");
      return;
    }
    if (!labels.contains("traefik.enable"))
      out_.warn(facts_.stack.file_with(service), "services." + service + ".labels",
                "traefik.enable is not there: it depends on Traefik's exposedByDefault",
                "write traefik.enable=true");
    const auto own_services = traefik_http(all, "services");
    for (const auto& [router, options] : traefik_http(all, "routers")) {
      look_at_service(service, router, options, own_services.size());
      look_at_middlewares(service, router, options);
      if (!options.contains("rule"))
        out_.warn(facts_.stack.file_with(service), label_key(service, "traefik.http.routers." + router),
                  "the router has no rule: Traefik makes one up",
                  "write traefik.http.routers." + router + ".rule");
    }
    if (const auto network = labels.find("traefik.docker.network"); network != labels.end())
      look_at_network(service, network->second);
    look_at_containers(service, labels);
  }

 private:
  /// By a file of Traefik's, perhaps.
  bool is_led_to_without_labels(const std::string& service) const {
    return facts_.api && std::ranges::any_of(facts_.routes(), [&](const StackRoute& route) {
             const Candidates known = candidates(*facts_.api, route);
             return route.service == service && !known.routers.empty() &&
                    known.routers.front()->provider() != "docker";
           });
  }
  static std::string label_key(const std::string& service, const std::string& label) {
    return "services." + service + ".labels" + (label.empty() ? "" : "." + label);
  }
  void refuse(const std::string& service, const std::string& label, const std::string& text,
              const std::string& hint) {
    out_.refuse(facts_.stack.file_with(service), label_key(service, label), text, hint);
  }

  void look_at_service(const std::string& service, const std::string& router, const Labels& options,
                       std::size_t own_services) {
    const std::string key = "traefik.http.routers." + router + ".service";
    const auto named = options.find("service");
    if (named == options.end()) {
      if (own_services > 1)
        refuse(service, key, "the labels define several services, and the router says none of them",
               "write " + key + "=NAME");
      return;
    }
    const std::string& name = named->second;
    if (name.find('@') != std::string::npos && !name.ends_with("@docker")) return;
    const std::string plain = in_lower_case(name.substr(0, name.find('@')));
    if (!services_.contains(plain) && plain != made_up_service(service, facts_.project))
      refuse(service, key, "no label defines the service " + name,
             "write traefik.http.services." + plain + ".loadbalancer.server.port=PORT");
  }
  void look_at_middlewares(const std::string& service, const std::string& router, const Labels& options) {
    const auto list = options.find("middlewares");
    if (list == options.end()) return;
    for (std::string name : split(list->second, ',')) {
      std::erase(name, ' ');
      const bool elsewhere = name.find('@') != std::string::npos && !name.ends_with("@docker");
      if (name.empty() || elsewhere || middlewares_.contains(in_lower_case(name.substr(0, name.find('@')))))
        continue;
      refuse(service, "traefik.http.routers." + router + ".middlewares",
             "no label defines the middleware " + name,
             "define it by labels, or name the provider that has it, as in " + name + "@file");
    }
  }
  void look_at_network(const std::string& service, const std::string& network) {
    std::set<std::string> on;
    if (const ComposeModel* model = facts_.stack.model()) {
      if (const ComposeService* known = model->find(service))
        for (const auto& [key, aliases] : known->networks) on.insert(model->networks.at(key).name);
    } else {
      for (const InspectedContainer* one : facts_.containers_of(service))
        for (const auto& [name, addresses] : one->networks) on.insert(name);
    }
    if (on.contains(network)) return;
    const std::string with_project = facts_.project + "_" + network;
    refuse(service, "traefik.docker.network", "the service is not on the network " + network,
           on.contains(with_project) ? "that network is called " + with_project
                                     : "name a network that the service and Traefik are on");
  }
  /// What runs was perhaps made from another version of the file.
  void look_at_containers(const std::string& service, const Labels& labels) {
    for (const InspectedContainer* one : facts_.containers_of(service)) {
      const Labels theirs = traefik_labels(one->labels);
      if (theirs == labels) continue;
      std::string key;
      for (const auto& [name, value] : labels)
        if (const auto same = theirs.find(name);
            key.empty() && (same == theirs.end() || same->second != value))
          key = name;
      for (const auto& [name, value] : theirs)
        if (key.empty() && !labels.contains(name)) key = name;
      out_.warn(facts_.stack.file_with(service), label_key(service, key),
                "the container " + one->name + " has other labels than the compose file",
                "it takes docker compose up -d for a changed label to count");
    }
  }

  const RouteFacts& facts_;
  Findings& out_;
  std::set<std::string> services_, middlewares_;
};

/// Traefik drops what two containers define differently.
void look_for_contradictions(const RouteFacts& facts, Findings& out) {
  if (!facts.containers) return;
  std::set<std::string> told;
  for (const char* kind : {"routers", "services", "middlewares"})
    for (const InspectedContainer* ours : facts.own_containers()) {
      if (!ours->running()) continue;
      for (const auto& [name, options] : traefik_http(ours->labels, kind))
        for (const InspectedContainer& other : *facts.containers) {
          if (!other.running() || other.id == ours->id) continue;
          const auto theirs = traefik_http(other.labels, kind);
          const auto same = theirs.find(name);
          const std::string label = std::string("traefik.http.") + kind + "." + name;
          if (same == theirs.end() || same->second == options || !told.insert(label).second) continue;
          const std::string service = service_of(*ours);
          out.refuse(facts.stack.file_with(service), "services." + service + ".labels." + label,
                     facts.shown(other) + " defines it otherwise: Traefik drops it, or does what either says",
                     "give each stack's its own name");
        }
    }
}

}  // namespace

void check_route_labels(const RouteFacts& facts, Findings& out) {
  if (facts.stack.model() == nullptr && facts.own_containers().empty()) {
    out.not_made("not made: neither what compose says is known (pgassay stack check) nor what runs");
    return;
  }
  LabelCheck check(facts, out);
  for (const std::string& service : exposed_services(facts)) check.look_at(service);
  look_for_contradictions(facts, out);
}

}  // namespace pgassay::stack
