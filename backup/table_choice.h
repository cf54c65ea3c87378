// Which tables' rows are left out, and which are kept in COPY's binary format.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/postgres/catalog.h"

namespace pgassay::backup {

/// SCHEMA.TABLE patterns (* and ?; without a dot: of any schema).
struct TableOptions {
  std::vector<std::string> exclude;  ///< --exclude-table-data
  std::vector<std::string> binary;   ///< --binary-table
};

struct TableChoice {
  std::map<Oid, std::string> excluded;  ///< of a partitioned table its partitions too; by which pattern
  std::set<Oid> binary;                 ///< of a partition tree all or none, but for what is excluded
  TableOptions unused;                  ///< patterns that fit nothing
};

TableChoice choose_tables(const std::vector<TableInfo>& tables, const TableOptions& options);

/// Columns of the tables chosen for the binary format whose binary form can't be restored or compared, as
/// "public.t.c (regclass: why)".
std::vector<std::string> unfit_for_binary(Connection& connection, const std::vector<TableInfo>& tables,
                                          const TableChoice& choice);

}  // namespace pgassay::backup
