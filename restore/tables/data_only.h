// Rows of a backup into tables that are there and empty, in one transaction.
#pragma once

#include <stop_token>

#include "core/system/observer.h"
#include "restore/request.h"

namespace pgassay::restore {

/// The tables of options.wanted must be there, be empty, and have the backup's columns with the backup's
/// types. They are locked against other writers, and nothing of it is seen before all of it is there and
/// proved. Triggers do not fire (session_replication_role); foreign keys are checked once all rows are there.
/// Sequences are moved forward, never back. Throws Refused, before any row is loaded, naming what differs or
/// is in the way; Error naming a foreign key that the rows do not keep; BadBackup when a part or the proof
/// differs. Nothing is changed then.
RestoreReport restore_rows(const Place& dir, Manifest manifest, const RowsInto& options, Observer& observer,
                           std::stop_token stop);

}  // namespace pgassay::restore
