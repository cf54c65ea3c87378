// Large objects: bytes, owner, privileges, comment; through the server's own functions, so that no superuser
// is needed.
#pragma once

#include "restore/load/load.h"

namespace pgassay::restore {

/// In transactions of a few MiB or a few hundred objects each. A role that is absent costs the owner or the
/// privilege, a line in `lost`, not the object. Every part is read and compared with the manifest before
/// anything of it is written, since a part is more than one transaction; BadBackup where it differs.
Loaded load_large_objects(const LoadJob& job, bool owners, bool acl, std::vector<Loss>& lost,
                          Observer& observer, std::stop_token stop);

}  // namespace pgassay::restore
