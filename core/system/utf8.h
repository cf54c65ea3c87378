#pragma once

#include <cstddef>
#include <string_view>

namespace pgassay {

/// How many bytes the well-formed UTF-8 character at the start of the text has (RFC 3629: no overlong forms,
/// no surrogates); 0 when there is none.
std::size_t utf8_character(std::string_view text);
bool is_utf8(std::string_view text);

}  // namespace pgassay
