// restore --all: a whole server.
#pragma once

#include "cli/command/command.h"
#include "cli/command/restore_options.h"

namespace pgassay::cli {

/// The newest backup of every database of one source, each into a new database of its name. The newest of
/// all comes first: roles are made as it has them, and those of the others are there by then. What one
/// database meets keeps none of the others. Throws UsageError when flags make no sense together, or several
/// sources have backups; Error, with the worst exit status, unless every database is back and proved.
Exit restore_all(Context& context, const RestoreArguments& arguments);

}  // namespace pgassay::cli
