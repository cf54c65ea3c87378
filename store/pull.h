// Copies a backup from a store into a repository.
#pragma once

#include <stop_token>

#include "core/repository/repository.h"
#include "core/system/observer.h"
#include "store/reader.h"

namespace pgassay::store {

/// Every object is compared with the commit object, every file with the manifest, before the backup is
/// published: it appears whole, with the files that were pushed, or not at all. Returns its directory. Throws
/// BadBackup, Unverified, Error when a backup is there already under that id.
Place pull(Reader& reader, const Commit& commit, const Repository& repository, unsigned jobs,
           Observer& observer, const std::stop_token& stop);

}  // namespace pgassay::store
