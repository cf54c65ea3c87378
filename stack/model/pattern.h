// POSIX extended regular expressions, as grep -E reads them: ^ and $ are those of a line.
#pragma once

#include <string>
#include <string_view>

namespace pgassay::stack {

/// Why it is none; empty: it is one.
std::string pattern_problem(const std::string& pattern);
/// Throws UsageError when it is none.
bool holds_pattern(std::string_view text, const std::string& pattern);

}  // namespace pgassay::stack
