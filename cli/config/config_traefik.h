// [traefik] of the configuration, and [stack.NAME.traefik].
#pragma once

#include <string>

#include "cli/config/toml_section.h"
#include "stack/model/settings.h"

namespace pgassay::cli {

/// `settings` with what the table says; null: there is none. `shown`: traefik, or stack.NAME.traefik.
stack::TraefikSettings read_traefik(const toml::node* node, const std::string& shown,
                                    stack::TraefikSettings settings, const Path& file);

}  // namespace pgassay::cli
