// What flags, environment and configuration say together: flags override the environment, which overrides the
// file.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "backup/backup.h"
#include "cli/command/arguments.h"
#include "cli/config/config.h"
#include "core/system/observer.h"
#include "export/sql_script.h"
#include "restore/whole/restore.h"
#include "verify/verify.h"

namespace pgassay::cli {

/// --repo, else $PGASSAY_REPO, else the configuration's. Throws UsageError when none says.
Path repository_path(const Arguments& arguments, const Config& config);

/// " --repo DIR" when it was given so, for a command that we propose; quoted where a shell needs it.
std::string repeated_repository(const Arguments& arguments);

/// Each throws UsageError; a password on the command line is a warning.
backup::BackupOptions backup_options(const Arguments& arguments, const Config& config, Observer& observer);
/// By --all-databases, or by the source's configuration unless -d names one.
bool all_databases(const Arguments& arguments, const Config& config, const std::string& source);
/// Patterns of databases that --all-databases leaves out.
std::vector<std::string> excluded_databases(const Arguments& arguments, const Config& config,
                                            const std::string& source);
/// Of a configured source, as if it had been named on the command line.
backup::BackupOptions backup_options_of(const std::string& source, const Arguments& arguments,
                                        const Config& config, Observer& observer);
verify::VerifyOptions verify_options(const Arguments& arguments, const Config& config);
/// The option that asks for less than the whole of a backup; null: none does.
const char* part_asked_for(const PartsArguments& parts);
/// Does it go into a database that is in use, in one transaction?
bool into_live(const RestoreArguments& arguments);
/// What of the backup, and as whom: into options that have the rest.
void choose_parts(const RestoreArguments& arguments, restore::RestoreOptions& options);
restore::RestoreOptions restore_options(const Arguments& arguments, const Config& config, Observer& observer);

/// What the parser can't see. Throws UsageError.
void check_export(const Arguments& arguments);
exports::RowExport row_export(const ExportArguments& arguments);
exports::SqlExport sql_export(const ExportArguments& arguments);

unsigned default_jobs();  ///< CPUs that we may use, at most 4
/// "2/7". Throws UsageError.
std::pair<unsigned, unsigned> parse_subset(const std::string& text);
/// The name of a source that is not configured: the server's host name, or "local" for a unix socket.
std::string source_name_for(const ConnInfo& connection);

}  // namespace pgassay::cli
