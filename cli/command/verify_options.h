// How backups are verified, as flags and configuration say together: for verify, nightly and the switch of
// stacks.
#pragma once

#include <string>
#include <utility>

#include "cli/config/config.h"
#include "verify/verify.h"

namespace pgassay::cli {

/// What the configuration says, with the defaults.
verify::VerifyOptions verify_options(const Config& config);

/// "2/7". Throws UsageError.
std::pair<unsigned, unsigned> parse_subset(const std::string& text);

}  // namespace pgassay::cli
