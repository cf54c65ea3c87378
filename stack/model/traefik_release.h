// Which release of Traefik a stack's labels are for.
#pragma once

#include <optional>
#include <string>

#include "stack/model/facts.h"

namespace pgassay::stack {

/// "traefik:v3.1", "docker.io/library/traefik@sha256:…": an image of that name.
bool is_traefik(const std::string& image);
/// 2 or 3, of the Traefik that runs here (that one which the stack's configuration names, where it names
/// one), or that some stack brings; nothing: none is known, or not by its tag or label, or there are several.
std::optional<int> traefik_major(const StackFacts& stack, const Surroundings& around);

}  // namespace pgassay::stack
