// The labels by which Traefik finds its way to a service.
#pragma once

#include <set>
#include <string>

#include "stack/compose_model.h"

namespace pgassay {

/// "traefik.enable" is not false, and there are labels of Traefik.
bool is_exposed(const ComposeService& service);
/// The hosts that the rules of a service's HTTP routers name: Host(`a`, `b`).
std::set<std::string> hosts_of(const ComposeService& service);
std::set<std::string> hosts_in_rule(std::string_view rule);
/// "http.routers.api", "http.services.api", "http.middlewares.auth", "tcp.routers.db", …
std::set<std::string> traefik_names(const ComposeService& service);

}  // namespace pgassay
