#include "core/repository/layout.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <charconv>

#include "core/repository/names.h"
#include "core/system/place.h"
#include "core/system/utf8.h"

namespace pgassay {
namespace {

constexpr std::size_t kLongestName = 200, kStampLength = 16;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// What every file system, every tool that copies and every shell takes as it is.
bool is_portable(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '-' || c == '_';
}

/// Windows and what shares with it open a device under these names, whatever follows behind a dot.
bool is_device(const std::string& name) {
  constexpr std::string_view kDevices[] = {"con", "prn", "aux", "nul"};
  const std::string low = folded(name);
  if (std::find(std::begin(kDevices), std::end(kDevices), low) != std::end(kDevices)) return true;
  return low.size() == 4 && (low.starts_with("com") || low.starts_with("lpt")) && is_digit(low[3]);
}

std::string escape_of(char c) {
  return fmt::format("%{:02X}", static_cast<unsigned char>(c));
}

std::string escaped(std::string_view name) {
  std::string out;
  for (const char c : name) out += is_portable(c) ? std::string(1, c) : escape_of(c);
  return is_device(out) ? escape_of(out[0]) + out.substr(1) : out;
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

std::string cut_name(std::string encoded) {
  return cut(std::move(encoded));
}

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
  return leads_below(file) && file.find_first_of("\n\\") == std::string_view::npos;
}

}  // namespace pgassay
