// Types that a table's columns need and the database lacks, made from the schema archive.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "core/postgres/connection.h"
#include "core/repository/manifest.h"
#include "restore/archive/archive_list.h"
#include "restore/archive/archive_sql.h"

namespace pgassay::restore {

struct AbsentTypes {
  std::vector<std::string> names;  ///< as format_type() writes them
  std::vector<int> entries;        ///< of the archive, that make them: types, domains and schemas
};

/// Throws Refused naming a type that can't be made so: of an extension, the row type of a table, or one that
/// needs a function.
AbsentTypes find_absent_types(Connection& connection, const std::vector<std::string>& types,
                              const Manifest& manifest, const std::vector<ArchiveEntry>& archive);
/// In the transaction that the connection is in. What is there already is left as it is.
void make_types(Connection& connection, const AbsentTypes& absent, const ArchiveSql& source,
                std::stop_token stop);

/// The name of a type as format_type() writes it, without what follows: ("shop", "status") of shop.status[].
/// Without a schema: of pg_catalog.
QualifiedName name_of_type(std::string_view type);

}  // namespace pgassay::restore
