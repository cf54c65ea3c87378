// Where rows of a backup go in a database whose tables are there already.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/postgres/catalog.h"
#include "core/repository/manifest.h"
#include "restore/loss.h"
#include "restore/tables/in_transaction.h"

namespace pgassay::restore {

/// A table, or a partitioned one with all its partitions: what is empty before, locked, and proved as one.
struct RowTarget {
  TableInfo table;
  std::vector<std::string> columns;  ///< that the backup has of it
  RowFormat format;                  ///< of its rows in the backup
  std::vector<std::pair<const Relation*, CopyTarget>> work;
  bool partitioned() const { return table.kind == 'p'; }
  RowDigest expected() const;
};

struct RowTargets {
  std::vector<RowTarget> places;
  std::vector<std::string> differences;  ///< why not: a table or column that is missing or is another
  std::vector<Note> notes;
};

/// A partition is loaded as such where the same one is here, else through the partitioned table.
/// `alone`: partitions that are selected without the table that they are of.
RowTargets find_row_targets(Connection& connection, const Manifest& manifest,
                            const std::set<QualifiedName>& alone);

}  // namespace pgassay::restore
