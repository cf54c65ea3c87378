#pragma once

#include <set>
#include <string>

namespace pgassay::bench {

/// Seconds of the named phases together, of a command's JSON document: `"restore": {"phases": […]}`.
double seconds_of_phases(const std::string& document, const std::string& command,
                         const std::set<std::string>& names);

}  // namespace pgassay::bench
