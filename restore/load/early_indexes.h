// Indexes that can be built as soon as the rows of their table are in, while other tables are still loaded.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "core/repository/manifest.h"
#include "restore/archive/archive_list.h"

namespace pgassay::restore {

/// Entries of the schema archive. A constraint locks its table against all others, so constraints come first
/// and one after the other; indexes can be built side by side.
struct TableIndexes {
  std::vector<int> constraints, indexes;
  std::size_t builds() const { return (constraints.empty() ? 0 : 1) + indexes.size(); }
};

/// Is a table of this backup large enough for its indexes to be worth a pg_restore each?
bool worth_early_indexes(const Manifest& manifest);

/// Of the large tables, by their relation in the manifest. `wanted`: the entries that are restored; absent:
/// all. Left to post-data is what needs more than its own table: a function that is called might read others.
std::map<const Relation*, TableIndexes> find_early_indexes(const Manifest& manifest,
                                                           const std::vector<ArchiveEntry>& archive,
                                                           const std::optional<std::vector<int>>& wanted);

inline constexpr std::uint64_t kMostIndexMemory = std::uint64_t{1} << 30;

/// Bytes that one of these builds makes good use of; `sql`: their statements. A sort that can merge its runs
/// in one pass becomes slower with more, for what it sorts at a time leaves the processor's caches: a byte
/// for each row of the largest table is enough. Other methods than btree gain from all there is.
std::uint64_t index_memory(const Manifest& manifest, std::string_view sql);

}  // namespace pgassay::restore
