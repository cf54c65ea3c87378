#include "cli/config/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace pgassay::cli {
namespace {

/// `keys`: one, or several of which the same is to be said.
std::string line(const std::string& keys, const Setting& one, bool flags) {
  const std::string flag = one.flag.empty() ? "" : fmt::format("`{}`", one.flag);
  return fmt::format("| {} | {} | {} |{}\n", keys, one.type_text(), one.otherwise,
                     flags ? (flag.empty() ? " |" : " " + flag + " |") : "");
}

}  // namespace

bool Setting::is_in(std::string_view section) const {
  for (std::string_view rest = where; !rest.empty();) {
    const std::size_t space = std::min(rest.find(' '), rest.size());
    if (rest.substr(0, space) == section) return true;
    rest.remove_prefix(std::min(space + 1, rest.size()));
  }
  return false;
}

std::vector<std::string> Setting::choices() const {
  std::vector<std::string> all;
  for (std::string_view rest = words; !rest.empty();) {
    const std::size_t bar = std::min(rest.find('|'), rest.size());
    all.emplace_back(rest.substr(0, bar));
    rest.remove_prefix(std::min(bar + 1, rest.size()));
  }
  return all;
}

std::string Setting::type_text() const {
  if (!type.empty()) return std::string(type);
  switch (kind) {
    case Kind::text:
      return "text";
    case Kind::texts:
      return "array of text";
    case Kind::word: {
      const std::vector<std::string> all = choices();
      std::string text;
      for (std::size_t i = 0; i < all.size(); ++i)
        text += fmt::format("{}`\"{}\"`", i == 0 ? "" : i + 1 < all.size() ? ", " : " or ", all[i]);
      return text;
    }
    case Kind::boolean:
      return "true or false";
    case Kind::integer:
      return fmt::format("{} to {}", least, most);
    case Kind::fraction:
      return "0 to 1";
    case Kind::size:
      return "size: `\"512MB\"`, `\"2GB\"`";
    case Kind::duration:
      return "duration, at most a day";
    case Kind::scalar:
      return "text, whole number, true or false";
    default:
      throw std::logic_error("docs/configuration.md: say what " + std::string(key) + " is");
  }
}

const Setting& setting(std::string_view section, std::string_view key) {
  const auto all = all_settings();
  const auto found =
      std::ranges::find_if(all, [&](const Setting& one) { return one.key == key && one.is_in(section); });
  if (found == all.end()) throw std::logic_error(fmt::format("no row for {} in {}", key, section));
  return *found;
}

std::string settings_table(std::string_view section) {
  const auto of_section = [&](const Setting& one) { return one.kind != Kind::table && one.is_in(section); };
  const bool flags = std::ranges::any_of(
      all_settings(), [&](const Setting& one) { return of_section(one) && !one.flag.empty(); });
  std::string lines, shared;
  for (const Setting& one : all_settings()) {
    if (!of_section(one)) continue;
    const std::string key = fmt::format("`{}`", one.key);
    if (section == "source" && one.is_in("top"))
      shared += (shared.empty() ? "" : ", ") + key;
    else
      lines += line(key, one, flags);
  }
  if (!shared.empty()) lines += fmt::format("| {} | as above | the top of the file | as above |\n", shared);
  return (flags ? "| key | type | default | flag |\n|---|---|---|---|\n"
                : "| key | type | default |\n|---|---|---|\n") +
         lines;
}

}  // namespace pgassay::cli
