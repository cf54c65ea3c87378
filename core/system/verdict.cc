#include "core/system/verdict.h"

#include <algorithm>
#include <map>
#include <set>

#include "core/system/error.h"

namespace pgassay {

std::string_view to_string(CheckKind kind) {
  switch (kind) {
    case CheckKind::named:
      break;
    case CheckKind::restore:
      return "restore";
    case CheckKind::inventory:
      return "inventory";
    case CheckKind::rows:
      return "rows";
    case CheckKind::materialized_view:
      return "materialized view";
    case CheckKind::sequence:
      return "sequence";
    case CheckKind::large_objects:
      return "large objects";
    case CheckKind::large_object_facts:
      return "large object facts";
    case CheckKind::role:
      return "role";
    case CheckKind::version:
      return "version";
    case CheckKind::assertion:
      return "assertion";
    case CheckKind::structure:
      return "structure";
    case CheckKind::stored:
      return "stored";
  }
  return "";
}

void make_unique(std::vector<Check>& checks) {
  std::set<CheckId> ids;
  for (Check& check : checks) {
    if (check.id == CheckId{}) check.id.object = check.name;
    const std::string aspect = check.id.aspect;
    for (int number = 2; !ids.insert(check.id).second; ++number)
      check.id.aspect = (aspect.empty() ? "" : aspect + " ") + std::to_string(number);
  }
}

std::vector<std::string> unique_names(std::vector<Check> checks) {
  make_unique(checks);
  std::map<std::string_view, int> counts;
  for (const Check& check : checks) ++counts[check.name];
  std::vector<std::string> names;
  for (const Check& check : checks) {
    std::string name = check.name;
    if (counts[check.name] > 1) {
      // The name of all other kinds is made of the object.
      const std::string_view object =
          check.id.kind == CheckKind::restore ? std::string_view(check.id.object) : std::string_view();
      std::string apart(to_string(check.id.kind));
      for (const std::string_view more : {std::string_view(check.id.aspect), object})
        if (!more.empty()) apart.append(apart.empty() ? "" : ", ").append(more);
      if (!apart.empty()) name += " (" + apart + ")";
    }
    names.push_back(std::move(name));
  }
  return names;
}

Verdict overall(std::span<const Check> checks) {
  auto any = [&](Verdict verdict) {
    return std::any_of(checks.begin(), checks.end(),
                       [&](const Check& check) { return check.verdict == verdict; });
  };
  if (any(Verdict::fail)) return Verdict::fail;
  if (checks.empty() || any(Verdict::unverified)) return Verdict::unverified;
  return Verdict::pass;
}

std::string first_problem(std::span<const Check> checks, Verdict verdict) {
  const auto check = std::ranges::find(checks, verdict, &Check::verdict);
  return check == checks.end() ? "no check was made" : check->name + ": " + check->detail;
}

std::string_view to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::pass:
      return "PASS";
    case Verdict::fail:
      return "FAIL";
    case Verdict::unverified:
      break;
  }
  return "UNVERIFIED";
}

Verdict parse_verdict(std::string_view text) {
  for (Verdict verdict : {Verdict::pass, Verdict::fail, Verdict::unverified}) {
    if (text == to_string(verdict)) return verdict;
  }
  throw Error("not a verdict: " + std::string(text));
}

}  // namespace pgassay
