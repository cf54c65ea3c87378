// A drill, and what is reported of it: for `drill`, `backup --drill` and the commands that hold drills beside
// other things.
#pragma once

#include <string>
#include <vector>

#include "cli/command/backup_options.h"
#include "cli/command/command.h"
#include "drill/drill.h"

namespace pgassay::cli {

/// What [source.NAME.drill] says, else [drill], else the defaults. Throws UsageError.
drill::DrillOptions drill_options(const Config& config, const std::string& source);

/// Where no image is named and the source runs in a container that is here: that container's image and
/// engine. `flags`: where the command line says that the server is.
drill::DrillOptions with_image_of_source(const Context& context, const BackupArguments& flags,
                                         const std::string& source, drill::DrillOptions options);

/// Holds the drill, reports it, and writes `junit` where it is given. Throws Error with the exit status of
/// the verdict unless it is PASS: the last word, for whoever reads nothing else.
Exit drill_and_report(Context& context, const Repository& repository, const Backup& backup,
                      const drill::DrillOptions& options, Audience among,
                      const std::optional<Path>& junit = {});

}  // namespace pgassay::cli
