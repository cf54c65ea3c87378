// Restoring a part of a backup: which tables, and which entries of the schema archive belong to them.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "core/repository/manifest.h"
#include "restore/archive/archive_list.h"

namespace pgassay::restore {

struct Wanted {
  std::vector<std::string> tables, exclude_tables;  ///< patterns; no tables: all
  bool rows = true;                                 ///< false: the schema only
  /// What is not selected is thought to be there: foreign keys to it come along, and what is shared is only
  /// made where it is absent.
  bool live = false;
  /// The archive's SQL of entries, asked where only that tells what they need; absent: they may need
  /// anything.
  std::function<std::string(const std::vector<int>&)> sql_of = {};

  bool everything() const { return tables.empty() && exclude_tables.empty() && rows; }
};

struct TableSelection {
  Manifest manifest;         ///< of what is selected, as if nothing else had been backed up
  std::vector<int> entries;  ///< of the archive, in its order
  std::set<int> own;         ///< those of the tables themselves; the others are what they need
  std::vector<std::string> not_carried;
  /// What belongs to the tables by themselves, in words: indexes, constraints, triggers, whether selected or
  /// not.
  std::vector<std::string> parts_of_tables;
};

/// A partitioned table stands for all of its partitions, and a partition that is selected without it becomes
/// a table of its own. With the tables come what they need (schemas, types, sequences, functions,
/// extensions), and what belongs to them and needs no table beside (indexes, constraints, triggers, policies,
/// privileges, comments). Without tables: all but what is excluded, and what needs that. Throws UsageError: a
/// pattern fits nothing that has rows, or what is selected can't be without what is excluded.
TableSelection select(Manifest manifest, const std::vector<ArchiveEntry>& archive, const Wanted& wanted);

}  // namespace pgassay::restore
