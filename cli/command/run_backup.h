// A backup, and what is told of it: of one database, and of each of a server.
#pragma once

#include "backup/backup.h"
#include "cli/command/command.h"

namespace pgassay::cli {

Backup take_and_report(Context& context, const Repository& repository, const backup::BackupOptions& options,
                       Audience among);

/// --all-databases: one after the other, each with its drill where that is asked for. What fails of one keeps
/// none of the others back; at the end it is thrown as one Error with the worst exit status.
Exit back_up_all(Context& context, const Repository& repository, const backup::BackupOptions& options);

}  // namespace pgassay::cli
