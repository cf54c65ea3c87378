#include "restore/whole/database_names.h"

#include <string_view>

#include "core/stream/sha256.h"
#include "core/system/bytes.h"

namespace pgassay::restore {
namespace {

constexpr std::size_t kHashDigits = 8;

std::string fitted(const std::string& database, const std::string& suffix, std::size_t limit) {
  if (database.size() + suffix.size() <= limit) return database + suffix;
  std::size_t end = limit - suffix.size() - 1 - kHashDigits;
  const auto inside_character = [&](std::size_t at) {
    return (static_cast<unsigned char>(database[at]) & 0xc0) == 0x80;
  };
  while (end > 0 && inside_character(end)) --end;
  return database.substr(0, end) + "_" + sha256_of(as_bytes(database)).hex().substr(0, kHashDigits) + suffix;
}

}  // namespace

ReplaceNames replace_names(const std::string& database, const std::string& stamp, std::size_t limit) {
  return {fitted(database, "_restoring_" + stamp, limit), fitted(database, "_before_" + stamp, limit)};
}

}  // namespace pgassay::restore
