// Statistics for the planner, once all rows are there.
#pragma once

#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "core/postgres/connection.h"
#include "core/repository/manifest.h"
#include "restore/loss.h"

namespace pgassay::restore {

/// ANALYZE of every table, by `jobs` connections, but foreign ones and the parents of such: for those it
/// would go to the other server, where a restored copy has no business, and one that can't be reached would
/// end it. What failed is a note.
void analyze_database(const ConnInfo& target, unsigned jobs, std::vector<Note>& notes, std::stop_token stop);

/// The same of what lacks statistics, in a server that can be given them: of a column, of an expression of an
/// index, of a statistics object; where they say so many rows more or less than the manifest that autovacuum
/// would find them outdated; of the tables `changed`; and of the catalogs, which nobody carries.
void analyze_what_lacks(const ConnInfo& target, const Manifest& manifest,
                        const std::set<QualifiedName>& changed, unsigned jobs, std::vector<Note>& notes,
                        std::stop_token stop);

}  // namespace pgassay::restore
