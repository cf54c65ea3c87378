// Rows that the server refused: they go in all the same wherever anything can take them.
#pragma once

#include <span>

#include "restore/load/load.h"

namespace pgassay::restore {

/// Loads the parts, table by table in the order in which pg_restore would. First as everything is, now that
/// the other tables are in, and again as long as that gets one of them in. Then without the rules that may be
/// the reason: CHECKs, rules of domains, NOT NULL, at last the expressions of generated columns; what a
/// partition's bound refuses goes to its root. All that for a table is one transaction, at whose end the
/// rules are there again (restore/load/rules.h). A row that nothing takes is written into a file of
/// `job.rejects` and is told in `lost`, which names the table.
Loaded load_refused(const LoadJob& job, OwnerGuard& guard, std::vector<RefusedPart> refused,
                    std::vector<Loss>& lost, std::vector<Note>& notes, std::stop_token stop);

/// Late tables with generated columns: where a column is not what its expression says now that all tables are
/// in, the table is emptied and loaded again in one transaction. One of which `lost` tells is left as it is.
void load_again_where_generated_values_differ(const LoadJob& job, OwnerGuard& guard,
                                              std::span<const Loss> lost, std::stop_token stop);

}  // namespace pgassay::restore
