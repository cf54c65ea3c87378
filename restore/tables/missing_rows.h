// How rows of a table that was restored beside another get into it.
#pragma once

#include <string>
#include <vector>

#include "core/postgres/connection.h"

namespace pgassay::restore {

/// The statement that puts rows of `copy` which `table` has not got back into it, or what to do instead, in
/// words. Columns that the table lacks by now are named.
std::string missing_rows_hint(Connection& connection, const QualifiedName& table, const QualifiedName& copy,
                              const std::vector<std::string>& columns);

}  // namespace pgassay::restore
