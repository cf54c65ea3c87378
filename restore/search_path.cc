#include "restore/search_path.h"

#include <fmt/format.h>

#include "core/postgres/types.h"
#include "core/system/error.h"

namespace pgassay::restore {
namespace {

std::string_view without_blanks(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

/// The first name of the list, and what separates it is taken off, too.
std::string_view next_name(std::string_view& list) {
  bool quoted = false;
  std::size_t end = 0;
  for (; end < list.size() && (quoted || list[end] != ','); ++end)
    if (list[end] == '"') quoted = !quoted;
  const std::string_view name = without_blanks(list.substr(0, end));
  list.remove_prefix(std::min(list.size(), end + 1));
  return quoted ? std::string_view() : name;
}

std::string quoted(std::string_view name) {
  std::string plain;
  if (!name.starts_with('"')) {
    for (const char c : name) plain.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
    return quote_identifier(plain);
  }
  for (std::size_t at = 1; at + 1 < name.size(); ++at) {
    plain.push_back(name[at]);
    if (name[at] == '"') ++at;
  }
  return quote_identifier(plain);
}

}  // namespace

std::string search_path_sql(std::string_view list) {
  if (without_blanks(list).empty()) return {};
  std::string out;
  const std::string_view whole = list;
  do {
    const bool more = list.find(',') != std::string_view::npos;
    const std::string_view name = next_name(list);
    if (name.empty() || name == "\"\"" || (more && list.empty()))
      throw UsageError(fmt::format("the search_path '{}' is no list of schemas", whole),
                       "for example: public, extensions");
    out += (out.empty() ? "" : ", ") + quoted(name);
  } while (!list.empty());
  return out;
}

}  // namespace pgassay::restore
