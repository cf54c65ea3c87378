#include "proof/roles_check.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "proof/properties_check.h"

namespace pgassay::proof {
namespace {

std::string said_of(const Membership& membership, bool options) {
  std::string text = "member of " + membership.role;
  if (membership.admin) text += " with admin option";
  if (!options || !membership.options) return text;
  if (!membership.options->inherit) text += " without inherit";
  if (!membership.options->set) text += " without set";
  return text + " granted by " + membership.options->grantor;
}

/// What both sides know: releases have it since some time, and older backups do not tell.
struct Known {
  bool options, parameters;
};

/// A line a fact.
std::vector<std::string> facts_of(const RoleFacts& role, const Known& known) {
  std::vector<std::string> facts = role.attributes;
  if (role.connection_limit != -1) facts.push_back(fmt::format("connection limit {}", role.connection_limit));
  if (!role.valid_until.empty()) facts.push_back("valid until " + role.valid_until);
  if (!role.comment.empty()) facts.push_back(fmt::format("comment '{}'", role.comment));
  for (const Membership& membership : role.member_of) facts.push_back(said_of(membership, known.options));
  for (const RoleSetting& setting : role.settings)
    facts.push_back(fmt::format("{} = {}", setting.name, setting.value));
  if (known.parameters)
    for (const std::string& privilege : *role.parameters) facts.push_back("privilege " + privilege);
  return facts;
}

bool has_options(const RoleFacts& role) {
  return std::ranges::all_of(role.member_of, [](const Membership& one) { return one.options.has_value(); });
}

/// Empty: none.
std::string difference_between(const RoleFacts& then, const RoleFacts& now) {
  const Known known = {has_options(then) && has_options(now), then.parameters && now.parameters};
  return list_difference(facts_of(then, known), facts_of(now, known));
}

Check check_of(const std::string& role, Verdict verdict, std::string detail) {
  return {"role " + role, verdict, std::move(detail), {CheckKind::role, role, {}}};
}

}  // namespace

std::vector<Check> compare_roles(const std::vector<RoleFacts>& then, const RolesThere& now,
                                 const std::string& excuse) {
  std::map<std::string, const RoleFacts*> here;
  for (const RoleFacts& role : now.roles) here[role.name] = &role;
  std::vector<Check> checks;
  const auto differs = [&](const std::string& role, const std::string& what) {
    checks.push_back(check_of(role, excuse.empty() ? Verdict::fail : Verdict::unverified,
                              excuse.empty() ? what : fmt::format("{}; {}", what, excuse)));
  };
  std::set<std::string> known;
  std::size_t same = 0;
  for (const RoleFacts& role : then) {
    known.insert(role.name);
    if (now.told.contains(role.name)) continue;
    if (role.in_doubt) {
      checks.push_back(check_of(role.name, Verdict::unverified, "it changed while the globals were written"));
      continue;
    }
    const auto found = here.find(role.name);
    const std::string what = found == here.end() ? "it is missing" : difference_between(role, *found->second);
    if (what.empty())
      ++same;
    else
      differs(role.name, what);
  }
  for (const std::string& role : now.made)
    if (!known.contains(role)) differs(role, "it was none of the source's");
  if (checks.empty())
    checks.push_back(
        {"roles",
         Verdict::pass,
         fmt::format("{} as in the source: attributes, memberships, settings, privileges on settings", same),
         {CheckKind::role, {}, {}}});
  return checks;
}

}  // namespace pgassay::proof
