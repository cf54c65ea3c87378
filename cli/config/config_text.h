// What toml++ does not say of the text of pgassay.toml.
#pragma once

#include <cstddef>
#include <string_view>

namespace pgassay::cli {

/// Of the first "[" or "[[" at a line's beginning that no name follows.
std::size_t line_of_odd_table(std::string_view text);

}  // namespace pgassay::cli
