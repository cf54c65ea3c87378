// What the configuration says of watching sources, and of telling somebody.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/command/command.h"
#include "cli/config/config.h"
#include "core/system/clock.h"
#include "nightly/notify.h"
#include "nightly/watch.h"

namespace pgassay::cli {

/// What look_closely() finds by the configuration, hints with our flags; `shrink_alarm` outranks it. Throws
/// UsageError when a source that is wanted is neither in the configuration nor in the repository.
std::vector<nightly::Watched> look_closely(const Context& context, const Repository& repository,
                                           const std::vector<std::string>& wanted,
                                           std::optional<double> shrink_alarm = {});

/// [source.NAME.notify] over [notify].
nightly::NotifyOptions notify_options(const Config& config, const std::string& source);
/// Each of [source.NAME], else of the top of the file; nothing: it is not said.
std::optional<Seconds> max_age(const Config& config, const std::string& source);
std::optional<Seconds> drill_every(const Config& config, const std::string& source);
/// Names of the stores that nightly pushes to, of a source that is configured.
const std::vector<std::string>& pushed_to(const Config& config, const SourceConfig& source);

}  // namespace pgassay::cli
