// A definition as a hash of text that is the same before a dump and after its restore.
#pragma once

#include <string>
#include <string_view>

namespace pgassay {

/// What PostgreSQL writes of an expression changes once with a dump and its restore: a cast of a whole array,
/// (ARRAY[a, b])::text[], is read as one of each element and then written as ARRAY[(a)::text, (b)::text].
/// Returns the text with every such cast written in the second way. Nothing else is changed, so two
/// expressions that mean different things never become one. Literals are left as they are.
std::string canonical_definition(std::string_view text);

/// The mark that canonical_definition() looks for: text without it stays as it is.
inline constexpr std::string_view kCastOfAnArray = "])::";

/// How the inventory keeps a definition: "2:" and the first 32 digits of the SHA-256 of its canonical text.
/// Those without the "2:" are of before, when parentheses and casts were taken out of it.
std::string hashed_definition(std::string_view text);
inline constexpr std::string_view kDefinitionHash = "2:";

}  // namespace pgassay
