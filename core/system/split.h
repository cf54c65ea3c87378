#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pgassay {

/// Always one part more than there are separators: of an empty text one, which is empty.
std::vector<std::string> split(std::string_view text, char separator);
/// Of those the ones that are not empty.
std::vector<std::string> split_nonempty(std::string_view text, char separator);

}  // namespace pgassay
