// A manifest cut down to what is selected, as if nothing else had been backed up.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "core/repository/manifest.h"
#include "restore/archive/archive_graph.h"

namespace pgassay::restore {

struct Kept {
  std::set<const Relation*> relations;  ///< of the manifest itself
  std::set<int> entries;                ///< of the schema archive
  bool tables_only;                     ///< tables and what they need; else all but what was excluded
};
/// The table that a relation is a partition of; null: none.
using ParentOf = std::function<const Relation*(const Relation&)>;

/// The topmost table that is kept becomes the root of its partitions. Throws UsageError where rows of a
/// partition that is not kept may belong to one that is.
void reduce(Manifest& manifest, const Kept& kept, const ArchiveGraph& graph, const ParentOf& parent);

/// Neither rows nor values of sequences nor large objects; adds a line for each kind that there was.
void drop_rows(Manifest& manifest, std::vector<std::string>& not_carried);

}  // namespace pgassay::restore
