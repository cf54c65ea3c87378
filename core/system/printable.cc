#include "core/system/printable.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/system/utf8.h"

namespace pgassay {
namespace {

/// Unicode's Bidi_Control (PropList), and the separators U+2028 and U+2029 that lie among them.
bool steers(std::string_view character) {
  constexpr std::array<std::string_view, 14> kSteering = {"\u061c", "\u200e", "\u200f", "\u2028", "\u2029",
                                                          "\u202a", "\u202b", "\u202c", "\u202d", "\u202e",
                                                          "\u2066", "\u2067", "\u2068", "\u2069"};
  return std::ranges::find(kSteering, character) != kSteering.end();
}

bool is_control(std::string_view character) {
  const auto byte = static_cast<unsigned char>(character[0]);
  // U+0080 to U+009F, the C1 controls, are C2 80 to C2 9F in UTF-8.
  return byte < 0x20 || byte == 0x7f || (byte == 0xc2 && static_cast<unsigned char>(character[1]) < 0xa0);
}

}  // namespace

std::string printable(std::string_view text, std::string_view kept) {
  std::string shown;
  shown.reserve(text.size());
  for (std::size_t length = 0; !text.empty(); text.remove_prefix(length)) {
    length = utf8_character(text);
    const bool broken = length == 0;
    if (broken) length = 1;
    const std::string_view character = text.substr(0, length);
    const bool stays = kept.find(character) != std::string_view::npos;
    if (!stays && (broken || is_control(character) || steers(character)))
      for (const char byte : character) shown += fmt::format("\\x{:02x}", static_cast<unsigned char>(byte));
    else
      shown += character;
  }
  return shown;
}

}  // namespace pgassay
