// Portions of post-data, for what has to be done between them.
#pragma once

#include <string>
#include <vector>

#include "core/postgres/connection.h"
#include "core/repository/manifest.h"
#include "restore/archive/archive_list.h"
#include "restore/load/load.h"
#include "restore/loss.h"

namespace pgassay::restore {

/// Entries of post-data that make indexes, and the keys that are made of them: what a row may name, and what
/// makes rules quick that look for rows. No foreign key, trigger or rule is among them.
std::vector<int> index_entries(const std::vector<ArchiveEntry>& archive);

/// Parts with rows that are neither loaded nor told to be lost: they name what is made later.
std::vector<RefusedPart> parts_left(const Manifest& manifest, const RestoreRecord& record,
                                    const std::vector<Loss>& lost);

/// Refreshes the materialized views of `lost`, under the search_path where that is not empty, as long as a
/// pass fills one: one may read another through a function. Those that are filled are taken out.
void refresh_again(Connection& connection, const std::string& search_path, std::vector<Loss>& lost);

}  // namespace pgassay::restore
