// Retention policies, as flags and configuration say together.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "cli/command/arguments.h"
#include "cli/config/config.h"
#include "retention/policy.h"

namespace pgassay::cli {

/// For backups of that source, configured or not. `flags` override what the configuration says, but for
/// pin_labels, which add to it. Throws UsageError.
retention::RetentionPolicy retention_policy(const RetentionConfig& flags, const Config& config,
                                            const std::string& source);
/// What pruning a database of that source would free: for a hint, so 0 when it can't be said.
std::function<std::uint64_t(const std::string& database)> prunable_bytes_of(const Arguments& arguments,
                                                                            const Config& config,
                                                                            const std::string& source);

}  // namespace pgassay::cli
