// The schemas in which a database's own functions look for names that they do not qualify.
#pragma once

#include <string>
#include <string_view>

namespace pgassay::restore {

/// "public, \"My Schema\"" as it follows SET search_path =, each name quoted; names that are not in quotes
/// are folded to lower case, as SQL does. Empty for an empty text. Throws UsageError at what is no list of
/// names.
std::string search_path_sql(std::string_view list);

}  // namespace pgassay::restore
