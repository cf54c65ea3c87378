// Types for columns of a copy that has none of the source's rules.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/postgres/connection.h"
#include "core/stream/row_format.h"
#include "restore/archive/archive_list.h"

namespace pgassay::restore {

/// A value of a type that holds a domain, at any depth, is checked by that domain's rules, which may be of
/// today and call anybody's code. Such types, and what has no rules instead: text, or of rows in binary,
/// which can't be read as text, a domain's base type. Throws Refused where rows are in binary and there is
/// none.
std::map<std::string, std::string> find_plain_types(Connection& connection,
                                                    const std::set<std::string>& types,
                                                    const std::vector<ArchiveEntry>& archive,
                                                    RowFormat format);

}  // namespace pgassay::restore
