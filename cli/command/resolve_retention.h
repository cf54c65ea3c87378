// Retention policies, as flags and configuration say together.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "cli/command/arguments.h"
#include "cli/config/config.h"
#include "retention/prune.h"

namespace pgassay::cli {

/// For backups of that source, configured or not. Throws UsageError.
retention::RetentionPolicy retention_policy(const PolicyArguments& flags, const Config& config,
                                            const std::string& source);
/// The same and prune's own flags; --ignore-future names backups of any database, which are looked up here.
retention::PruneOptions prune_options(const Arguments& arguments, const Config& config,
                                      const std::string& source, const Repository& repository);
/// What pruning a database of that source would free: for a hint, so 0 when it can't be told.
std::function<std::uint64_t(const std::string& database)> prunable_bytes_of(const Arguments& arguments,
                                                                            const Config& config,
                                                                            const std::string& source);

}  // namespace pgassay::cli
