#include "core/repository/layout.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <charconv>

#include "core/repository/utf8.h"

namespace pgassay {
namespace {

constexpr std::size_t kLongestName = 200, kStampLength = 16;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool needs_escape(std::string_view character) {
  const auto byte = static_cast<unsigned char>(character[0]);
  return byte < 0x20 || byte == 0x7f ||
         std::string_view("/\\.%~").find(character[0]) != std::string_view::npos;
}

std::string escaped(std::string_view name) {
  std::string out;
  while (!name.empty()) {
    const std::size_t length = std::max<std::size_t>(utf8_character(name), 1);
    const std::string_view character = name.substr(0, length);
    if (utf8_character(name) == 0 || needs_escape(character)) {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(character[0]));
    } else {
      out += character;
    }
    name.remove_prefix(length);
  }
  return out;
}

/// The longest prefix of at most `limit` bytes that ends between characters and escapes.
std::string_view whole_prefix(std::string_view encoded, std::size_t limit) {
  std::size_t end = 0;
  while (end < encoded.size()) {
    const std::size_t step = encoded[end] == '%' ? 3 : utf8_character(encoded.substr(end));
    if (end + step > limit) break;
    end += step;
  }
  return encoded.substr(0, end);
}

std::string cut(std::string encoded) {
  if (encoded.size() <= kLongestName) return encoded;
  const std::string hash = fmt::format("~{:016x}", XXH3_64bits(encoded.data(), encoded.size()));
  return std::string(whole_prefix(encoded, kLongestName - hash.size())) + hash;
}

int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

}  // namespace

std::string encode_name(std::string_view name) {
  return cut(escaped(name));
}

std::string decode_name(std::string_view encoded) {
  std::string out;
  for (std::size_t i = 0; i < encoded.size(); ++i) {
    const bool escape = encoded[i] == '%' && i + 2 < encoded.size() && hex_digit(encoded[i + 1]) >= 0 &&
                        hex_digit(encoded[i + 2]) >= 0;
    if (escape) {
      out += static_cast<char>(hex_digit(encoded[i + 1]) * 16 + hex_digit(encoded[i + 2]));
      i += 2;
    } else {
      out += encoded[i];
    }
  }
  return out;
}

std::string part_file(const QualifiedName& name, unsigned index, RowFormat format) {
  const std::string stem = cut(escaped(name.schema) + "." + escaped(name.name));
  return fmt::format("{}/{}.{:04}.{}.zst", kDataDir, stem, index, format == RowFormat::text ? "copy" : "bin");
}

std::string large_object_file(unsigned index) {
  return fmt::format("{}/{:04}.copy.zst", kLargeObjectsDir, index);
}

bool is_stamp(std::string_view name) {
  if (name.size() < kStampLength || name[8] != 'T' || name[15] != 'Z') return false;
  for (std::size_t i = 0; i < 15; ++i) {
    if (i != 8 && !is_digit(name[i])) return false;
  }
  if (name.size() == kStampLength) return true;
  const std::string_view number = name.substr(kStampLength);
  return number.size() >= 2 && number.size() <= 9 && number[0] == '-' && number[1] != '0' && number != "-1" &&
         std::all_of(number.begin() + 1, number.end(), is_digit);
}

std::pair<std::string_view, unsigned> stamp_order(std::string_view stamp) {
  unsigned number = 0;
  if (stamp.size() > kStampLength + 1) {
    std::from_chars(stamp.data() + kStampLength + 1, stamp.data() + stamp.size(), number);
  }
  return {stamp.substr(0, kStampLength), number};
}

bool is_safe_file(std::string_view file) {
  if (file.empty() || file.find_first_of(std::string_view("\0\n\\", 3)) != std::string_view::npos)
    return false;
  for (std::size_t start = 0; start <= file.size();) {
    const std::size_t slash = std::min(file.find('/', start), file.size());
    const std::string_view component = file.substr(start, slash - start);
    if (component.empty() || component == "." || component == "..") return false;
    start = slash + 1;
  }
  return true;
}

}  // namespace pgassay
