// The labels by which Traefik finds its way to a service.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "stack/model/compose_model.h"

namespace pgassay::stack {

using Labels = std::map<std::string, std::string>;

/// "traefik.enable" is not false, and there are labels of Traefik.
bool is_exposed(const Labels& labels);
bool is_exposed(const ComposeService& service);
/// Those of Traefik alone, keys in lower case.
Labels traefik_labels(const Labels& labels);
/// Of "routers", "services" or "middlewares": name → option → value; names and options in lower case. None
/// when it is not exposed.
std::map<std::string, Labels> traefik_http(const Labels& labels, std::string_view kind);
std::string in_lower_case(std::string_view text);
/// The hosts that the rules of a service's HTTP routers name: Host(`a`, `b`), but not !Host(`a`). In lower
/// case, without a dot at the end.
std::set<std::string> hosts_of(const ComposeService& service);
std::set<std::string> hosts_in_rule(std::string_view rule);
/// "http.routers.api", "http.services.api", "http.middlewares.auth", "tcp.routers.db", …
std::set<std::string> traefik_names(const ComposeService& service);

}  // namespace pgassay::stack
