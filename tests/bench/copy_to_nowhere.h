// The floor under every dump: what the server and libpq need to hand the rows over, and nothing done with
// them.
#pragma once

#include <string>

#include "core/repository/manifest.h"

namespace pgassay::bench {

/// Seconds for that many connections to COPY every part of the manifest, by the same page ranges and under
/// the same settings, largest first, connecting included.
double copy_to_nowhere(const std::string& conninfo, const Manifest& manifest, unsigned connections);

}  // namespace pgassay::bench
