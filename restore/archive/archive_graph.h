// Which entries of a schema archive can't be restored without which.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "restore/archive/archive_list.h"

namespace pgassay::restore {

/// The archive's own list of needs is of order; some of them only say what is to be done first. Not needed
/// are: by a partition its parent, by the index of a partition the parent's, by a sequence the column that
/// owns it (unless it is an identity column's). A view needs its query, wherever that is in the archive, and
/// what that needs.
class ArchiveGraph {
 public:
  explicit ArchiveGraph(const std::vector<ArchiveEntry>& entries);

  const std::vector<ArchiveEntry>& entries() const { return entries_; }
  const ArchiveEntry* find(int id) const;
  /// A table, sequence, view or index by its oid in pg_class; null: not in the archive.
  const ArchiveEntry* relation(Oid oid) const;
  const ArchiveEntry* extension(const std::string& name) const;
  /// The table that the partition is attached to; 0: it is none.
  int parent(int table) const;
  /// Is it the query of a view that pg_dump makes as a dummy first, for the query needs what comes after rows
  /// (a primary key that it groups by)? The view is none without it.
  bool is_query_of_view(const ArchiveEntry& entry) const;
  const std::vector<int>& needs(int id) const;
  /// With all that they need, however far; some may not be in the archive. Entries that do not pass are left
  /// out, and so is what only they need.
  using Passes = std::function<bool(const ArchiveEntry&)>;
  std::set<int> closure(const std::set<int>& ids, const Passes& passes = {}) const;
  /// They and all that needs one of them, however far.
  std::set<int> dependents(const std::set<int>& ids) const;

 private:
  void find_owners();
  std::vector<int> real_needs(const ArchiveEntry& entry) const;

  const std::vector<ArchiveEntry>& entries_;
  std::map<int, const ArchiveEntry*> by_id_;
  std::map<Oid, const ArchiveEntry*> relations_;
  std::map<int, int> parents_;
  std::map<int, int> queries_;  ///< of views that begin as dummies
  std::set<int>
      owned_;  ///< sequences that have an entry SEQUENCE OWNED BY; those of identity columns have none
  std::map<int, std::vector<int>> needs_;
};

/// Has it rows or columns of its own?
bool is_relation(const ArchiveEntry& entry);
/// Is the first, an entry RULE, the query of the second, a view?
bool names_its_view(const ArchiveEntry& query, const ArchiveEntry& view);

}  // namespace pgassay::restore
