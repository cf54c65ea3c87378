// Whole tables of a backup into a database that is in use and lacks them: as they were, in one transaction.
#pragma once

#include <stop_token>

#include "core/system/observer.h"
#include "restore/request.h"

namespace pgassay::restore {

/// The tables of options.wanted come with their rows and all that belongs to them: indexes, constraints,
/// foreign keys (to tables that are here too), triggers, policies, sequences, privileges, comments. What they
/// need (schemas, types, functions, extensions) is made where it is absent, and used as it is where it is
/// here. All is made, loaded and proved in one transaction. What could not be made though the tables can be
/// without it is a line in `lost`: a foreign key that today's rows do not keep, a privilege of a role that is
/// gone. Throws UsageError, Refused when one of the tables is here, BadBackup, Error. Nothing is changed
/// then.
RestoreReport restore_live(const Place& dir, Manifest manifest, const WholeTables& options,
                           Observer& observer, std::stop_token stop);

}  // namespace pgassay::restore
