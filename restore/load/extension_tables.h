// Rows of extensions' configuration tables.
#pragma once

#include "restore/load/load.h"

namespace pgassay::restore {

/// What CREATE EXTENSION put there and the backup's condition covers is deleted, the backup's rows are
/// loaded, parents of foreign keys before their children, all of one extension in one transaction. Never
/// TRUNCATE: the rows outside the condition are the extension's own. A failure leaves those of its extension
/// as CREATE EXTENSION made them, and is a line in `lost`. Extensions that are on record as loaded are passed
/// over, so that it can be called again once other tables are in: a row may need theirs.
Loaded load_extension_tables(const LoadJob& job, std::vector<Loss>& lost, Observer& observer,
                             std::stop_token stop);

/// Parents first; of a cycle, as they were. A reference is (child, parent).
std::vector<const Relation*> parents_first(
    std::vector<const Relation*> tables,
    const std::vector<std::pair<QualifiedName, QualifiedName>>& references);

}  // namespace pgassay::restore
