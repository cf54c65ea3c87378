#include "restore/whole/host_needs.h"

#include <algorithm>
#include <string_view>
#include <vector>

namespace pgassay::restore {
namespace {

/// https://www.postgresql.org/docs/current/errcodes-appendix.html
struct NeedOfHost {
  std::string_view begins, says;         ///< says: what stands behind that; empty: no matter
  std::vector<std::string_view> states;  ///< by which it fails where the host lacks it; "58": the class
  std::string_view remedy;
  bool in_c = false;  ///< is it a function of a library?
};

const std::vector<NeedOfHost>& needs_of_host() {
  static const std::vector<NeedOfHost> all = {
      {"CREATE TEXT SEARCH DICTIONARY ",
       "",
       {"F0000", "58"},
       "copy that text search file from the source's host, or install its package"},
      {"CREATE COLLATION ",
       "provider = icu",
       {"22023", "XX000", "58"},
       "install an ICU library that knows that locale"},
      {"CREATE COLLATION ",
       "",
       {"22023", "XX000", "58"},
       "install that locale: localedef, dpkg-reconfigure locales, or the package locales-all"},
      {"CREATE EXTENSION ",
       " pg_cron ",
       {"P0001"},
       "the server must name this database in cron.database_name"},
      {"CREATE EXTENSION ",
       "",
       {"0A000", "22023", "42883", "F0000", "P0001", "XX000", "58"},
       "install the package of that extension, of the version that the source has"},
      {"CREATE FUNCTION ",
       "",
       {"42883", "XX000", "58"},
       "install the package of that library, of the version that the source has",
       true},
  };
  return all;
}

/// The first one stands before the body, which may say anything.
bool is_in_c(std::string_view command) {
  constexpr std::string_view kLanguage = "\n    LANGUAGE ";
  const auto at = command.find(kLanguage);
  if (at == std::string_view::npos) return false;
  command.remove_prefix(at + kLanguage.size());
  return command.starts_with("c ") || command.starts_with("c\n");
}

bool needs(const std::string& command, const NeedOfHost& need) {
  return command.starts_with(need.begins) && command.find(need.says) != std::string::npos &&
         (!need.in_c || is_in_c(command));
}

}  // namespace

bool may_need_the_host(const std::string& command) {
  return std::ranges::any_of(needs_of_host(), [&](const NeedOfHost& need) { return needs(command, need); });
}

std::string remedy_of_host(const std::string& command, const std::string& sqlstate) {
  for (const NeedOfHost& need : needs_of_host())
    if (needs(command, need) &&
        std::ranges::any_of(need.states, [&](auto state) { return sqlstate.starts_with(state); }))
      return std::string(need.remedy);
  return {};
}

}  // namespace pgassay::restore
