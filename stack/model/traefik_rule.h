// Rules of Traefik's HTTP routers, as far as a host and a path decide them
// (https://doc.traefik.io/traefik/reference/routing-configuration/http/routing/rules-and-priority/).
#pragma once

#include <string>
#include <string_view>

namespace pgassay::stack {

enum class Fits { no, yes, unknown };

/// Is a GET of this path of this host (in lower case) one for the rule? Both syntaxes, v2's and v3's. Unknown
/// where something else decides: regular expressions, headers, the client's address, what can't be read.
Fits fits(std::string_view rule, std::string_view host, std::string_view path);

/// The first matcher in the rule, such as Host, that holds several values where v3 takes one alone; empty:
/// there is none.
std::string matcher_of_several(std::string_view rule);

}  // namespace pgassay::stack
