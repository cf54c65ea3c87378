// Digests of a backup beside those of its parts: of materialized views, and of partition trees at their
// roots.
#pragma once

#include <string>
#include <vector>

#include "core/postgres/catalog.h"
#include "core/repository/manifest.h"

namespace pgassay::backup {

/// Number and digest of the rows of each materialized view that is filled. Who refreshes one is not waited
/// for. Of `tables` they are not read whose planning would call their owner's code, by our rights.
void digest_views(Connection& leader, std::vector<Relation>& relations, const std::vector<TableInfo>& tables,
                  const std::string& encoding, std::vector<LeftOut>& left_out);

/// Digests the rows of tables with virtual generated columns once more, with the values of these, which then
/// are in generated_digest. Where they can't be read (an expression fails), they are left out. Wants the
/// parts of all relations.
void digest_virtual_columns(Connection& leader, std::vector<Relation>& relations,
                            const std::vector<TableInfo>& tables, const std::string& encoding,
                            std::vector<LeftOut>& left_out);

/// The proof of a partition tree is at its root: rows may move between leaves when they are loaded.
void sum_at_the_roots(std::vector<Relation>& relations);

}  // namespace pgassay::backup
