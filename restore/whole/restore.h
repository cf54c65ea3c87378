// Restoring a backup into an empty database, or a part of it also into a live one, and proving that every row
// came back.
#pragma once

#include <stop_token>

#include "core/repository/repository.h"
#include "restore/request.h"

namespace pgassay::restore {

/// Throws Refused when the target is not empty (nothing touched) or when a role that is needed can't be
/// resolved. Failing half way throws Error saying which object, what the target holds now and what to run
/// next; told to stop, it says the same in a message and throws Stopped. What it has done is then on record
/// in the target (restore/resume.h).
RestoreReport restore_backup(const Repository& repository, const Backup& backup,
                             const RestoreRequest& request, Observer& observer, std::stop_token stop);

}  // namespace pgassay::restore
