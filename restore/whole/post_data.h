// Portions of post-data, for what has to be done between them.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/postgres/connection.h"
#include "core/repository/manifest.h"
#include "restore/archive/archive_list.h"
#include "restore/load/load.h"
#include "restore/loss.h"

namespace pgassay::restore {

/// Entries of post-data that make indexes, the keys that are made of them, and the queries of views that want
/// such keys: what a row may name, what makes rules quick that look for rows, and what these read. No foreign
/// key, trigger or other rule is among them.
std::vector<int> index_entries(const std::vector<ArchiveEntry>& archive);
/// These and their comments, labels and privileges, each behind its object: pg_restore takes a comment for
/// one of the section that the entry before it on its list is of. In the order of the archive.
std::vector<int> with_comments(const std::vector<int>& entries, const std::vector<ArchiveEntry>& archive);
/// Those that fill materialized views.
std::vector<int> rows_of_views(const std::vector<ArchiveEntry>& archive);

/// Do generated columns call code, and are there views that had no query yet when rows were loaded? Such a
/// view has no rows, and what reads it goes wrong without an error. Wants the database without post-data.
bool waits_for_queries(Connection& connection, const Manifest& manifest,
                       const std::function<std::vector<ArchiveEntry>()>& list);

/// Parts with rows that are neither loaded nor told to be lost: they name what is made later.
std::vector<RefusedPart> parts_left(const Manifest& manifest, const RestoreRecord& record,
                                    const std::vector<Loss>& lost);

/// Refreshes the materialized views of `lost`, under the search_path where that is not empty, as long as a
/// pass fills one: one may read another through a function. Those that are filled are taken out.
void refresh_again(Connection& connection, const std::string& search_path, std::vector<Loss>& lost);

}  // namespace pgassay::restore
