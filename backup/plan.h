// What the workers are going to copy: tables, and where it is asked for, ranges of their pages.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "backup/table_choice.h"
#include "core/postgres/page_ranges.h"
#include "core/repository/manifest.h"

namespace pgassay::backup {

/// One COPY to be, whose rows become one part or several.
struct PlannedCopy {
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
  std::size_t number = 0;                  ///< of the relation's copies, in the order of their rows
  std::string file;                        ///< of the one part of large objects; else empty
  bool file_apart = false;                 ///< the table's files would fold into another's
  std::uint64_t bytes = 0;                 ///< expected, on the server's disk
  static constexpr std::size_t kLargeObjects = static_cast<std::size_t>(-1);
};

struct Plan {
  std::vector<Relation> relations;  ///< without parts, until they are copied
  std::vector<Oid> oids;            ///< of the relations that are copied
  std::vector<PlannedCopy> copies;
  std::set<std::string> folded_files;  ///< of the first parts, as a file system takes them that folds case
  std::vector<LeftOut> left_out;
};

/// `spread`: its all_bytes are found out. `encoding`: of the rows.
Plan plan_copies(const std::vector<TableInfo>& tables, const ServerFacts& server, Spread spread,
                 const TableChoice& choice, const std::string& encoding);

/// So that no worker is left alone with a large part at the end.
void largest_first(std::vector<PlannedCopy>& copies);

}  // namespace pgassay::backup
