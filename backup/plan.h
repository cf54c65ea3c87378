// What the workers are going to copy: whole tables, and large ones cut in page ranges.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "backup/table_choice.h"
#include "core/postgres/catalog.h"
#include "core/repository/manifest.h"

namespace pgassay::backup {

/// A part aims at this many bytes on the server's disk.
inline constexpr std::uint64_t kPartBytes = 32 << 20;

/// One part to be.
struct PlannedPart {
  std::string file;
  std::string sql;   ///< COPY … TO STDOUT
  std::string lock;  ///< LOCK TABLE ONLY … IN ACCESS SHARE MODE; empty for large objects
  /// A statement (with its semicolon) that fails when the name is no longer the relation's: a lock does not
  /// keep its schema from being renamed. Empty for large objects.
  std::string check;
  std::string object;  ///< for messages and progress
  std::optional<PageRange> pages;
  RowFormat format = RowFormat::text;
  std::size_t columns = 0, generated = 0;  ///< of its rows; the generated ones are read behind the others
  std::size_t relation = 0;                ///< index in Plan::relations; kLargeObjects
  std::size_t part = 0;                    ///< index in its parts
  std::uint64_t bytes = 0;                 ///< expected, on the server's disk
  static constexpr std::size_t kLargeObjects = static_cast<std::size_t>(-1);
};

struct Plan {
  std::vector<Relation> relations;  ///< parts are sized but empty until they are copied
  std::vector<Oid> oids;            ///< of the relations that are copied
  std::size_t large_object_parts = 0;
  std::vector<PlannedPart> parts;
  std::set<std::string> folded_files;  ///< of the parts, as a file system takes them that folds case
  std::vector<LeftOut> left_out;
};

/// Ranges repeat from one backup to the next, so that an unchanged range gives the same bytes: `previous`
/// keeps its boundaries. `encoding`: of the rows.
Plan plan_parts(const std::vector<TableInfo>& tables, const ServerFacts& server, const Manifest* previous,
                const TableChoice& choice, const std::string& encoding);

/// So that no worker is left alone with a large part at the end.
void largest_first(std::vector<PlannedPart>& parts);

/// Ends of page ranges for a table of that many pages, of which toast_bytes lie elsewhere: pure.
std::vector<PageRange> cut_pages(std::uint64_t heap_bytes, std::uint64_t toast_bytes,
                                 const Relation* previous);

}  // namespace pgassay::backup
