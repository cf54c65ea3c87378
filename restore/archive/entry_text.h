// Entries of the schema archive in words, for messages.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "core/repository/manifest.h"
#include "restore/archive/archive_list.h"

namespace pgassay::restore {

/// The list of an archive puts schema, name and owner side by side, and names may hold blanks: where tables
/// and owners of the backup can tell them apart, they do.
class EntryText {
 public:
  EntryText(const std::vector<ArchiveEntry>& archive, const Manifest& manifest);
  /// "foreign key orders_customer_fkey of public.orders", "view public.totals"
  std::string shown(const ArchiveEntry& entry) const;
  /// Is it a part of such a table, and not only something that has to do with it?
  static bool is_of_one_of(const ArchiveEntry& entry, const std::set<const Relation*>& tables);

 private:
  std::string without_owner(std::string_view text) const;

  std::vector<QualifiedName> tables_;
  std::set<std::string> owners_;
};

/// "34 tables, 1 view"
std::string counted_kinds(const std::vector<const ArchiveEntry*>& entries);

/// UsageError saying why the pattern of that option fits nothing that it could.
[[noreturn]] void throw_unknown_table(const Manifest& manifest, const std::string& pattern,
                                      const char* option);

}  // namespace pgassay::restore
