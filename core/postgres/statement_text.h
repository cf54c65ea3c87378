// SQL text for those who may not see values.
#pragma once

#include <string>
#include <string_view>

namespace pgassay {

/// The statements with '***' in the place of each string constant, dollar-quoted ones and comments included.
/// Numbers and names stay. Cut after kLongestShown bytes, with how many there were.
std::string without_values(std::string_view sql);
inline constexpr std::size_t kLongestShown = 4000;

}  // namespace pgassay
