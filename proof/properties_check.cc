#include "proof/properties_check.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace pgassay::proof {
namespace {

std::vector<std::string> settings_of(const DatabaseProperties& properties) {
  std::vector<std::string> lines;
  for (const DatabaseSetting& one : properties.settings)
    lines.push_back(fmt::format("{}{} = {}", one.role.empty() ? "" : one.role + ": ", one.name, one.value));
  return lines;
}

class Differences {
 public:
  void add(const char* what, const std::string& then, const std::string& now) {
    if (then != now) found.push_back(fmt::format("{} '{}' instead of '{}'", what, now, then));
  }
  void add_list(const char* what, const std::vector<std::string>& then, const std::vector<std::string>& now) {
    const std::string text = list_difference(then, now);
    if (!text.empty()) found.push_back(fmt::format("{} {}", what, text));
  }
  std::vector<std::string> found;
};

}  // namespace

std::string list_difference(std::vector<std::string> then, std::vector<std::string> now) {
  std::sort(then.begin(), then.end());
  std::sort(now.begin(), now.end());
  std::vector<std::string> lost, gained;
  std::set_difference(then.begin(), then.end(), now.begin(), now.end(), std::back_inserter(lost));
  std::set_difference(now.begin(), now.end(), then.begin(), then.end(), std::back_inserter(gained));
  if (lost.empty() && gained.empty()) return {};
  return fmt::format("{} instead of {}", gained.empty() ? "none" : fmt::to_string(fmt::join(gained, ", ")),
                     lost.empty() ? "none" : fmt::to_string(fmt::join(lost, ", ")));
}

Check compare_properties(const DatabaseProperties& then, const DatabaseProperties& now,
                         const std::string& excuse) {
  Differences differences;
  differences.add("encoding", then.encoding, now.encoding);
  differences.add("collation", then.collate, now.collate);
  differences.add("character type", then.ctype, now.ctype);
  differences.add("locale provider", std::string(1, then.provider), std::string(1, now.provider));
  differences.add("ICU locale", then.icu_locale, now.icu_locale);
  differences.add("ICU rules", then.icu_rules, now.icu_rules);
  differences.add("owner", then.owner, now.owner);
  differences.add("comment", then.comment, now.comment);
  differences.add("connection limit", std::to_string(then.connection_limit),
                  std::to_string(now.connection_limit));
  differences.add("template", then.is_template ? "yes" : "no", now.is_template ? "yes" : "no");
  differences.add_list("privileges", then.grants, now.grants);
  differences.add_list("settings", settings_of(then), settings_of(now));
  if (differences.found.empty())
    return {"database", Verdict::pass,
            fmt::format("{}, {}/{}, owner, privileges, {} settings", now.encoding, now.collate, now.ctype,
                        now.settings.size())};
  std::string detail = fmt::to_string(fmt::join(differences.found, "; "));
  if (!excuse.empty()) detail += "; " + excuse;
  return {"database", excuse.empty() ? Verdict::fail : Verdict::unverified, std::move(detail)};
}

}  // namespace pgassay::proof
