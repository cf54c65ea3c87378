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

/// Their members of the --json document.
void set_drilled(Reply& reply, const BackupId& id, const drill::DrillReport& report);
void add_drilled(Reply& reply, const BackupId& id, const drill::DrillReport& report);  ///< to "drills"
void set_collected(Reply& reply, const std::vector<std::string>& gone);

/// Checks, phases and the sentence that an auditor looks for. Of checks that passed only when `all_checks`.
std::string drill_text(const BackupId& id, const drill::DrillReport& report, bool all_checks);
/// "all 9,000,660 rows in 120 tables are identical; restored in 41 s", as far as it is true.
std::string drill_sentence(const Evidence& evidence);

/// One test case a check; a check that could not be made is an error.
std::string junit_xml(const BackupId& id, const Evidence& evidence);

}  // namespace pgassay::cli
