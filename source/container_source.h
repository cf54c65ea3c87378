// The server in a container: where it is, who may come in, and its own pg_dump, found out from the container,
// so that its name is all that has to be said.
#pragma once

#include <stop_token>

#include "backup/backup.h"
#include "source/find_container.h"

namespace pgassay::source {

/// Sets what `options.connection` does not say yet (address, user, database, password), and the container's
/// pg_dump; makes sure that it can be connected to, and clears `options.container`. Nothing where none is
/// named. Throws as find_container, and Error when no address answers or the password is not known.
void reach_container(backup::BackupOptions& options, Observer& observer, const std::stop_token& stop);

}  // namespace pgassay::source
