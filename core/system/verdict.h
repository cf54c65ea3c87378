#pragma once

#include <compare>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pgassay {

enum class Verdict { pass, fail, unverified };

/// What a check looks at, and how.
enum class CheckKind {
  named,      ///< its name says all: a report has one of that name
  restore,    ///< did the restore bring the object back?
  inventory,  ///< the object as the catalog describes it
  rows,       ///< of a table, or of a tree of partitions
  materialized_view,
  sequence,
  large_objects,
  large_object_facts,  ///< owners, comments and privileges
  role,                ///< attributes, memberships and settings
  version,             ///< of an extension, or of the collation library
  assertion,
  structure,  ///< by amcheck
  stored,     ///< by verify
};
std::string_view to_string(CheckKind kind);

/// Which check it is, whatever it is called: code compares this and never the name. Unique in a report.
struct CheckId {
  CheckKind kind = CheckKind::named;
  std::string object;
  std::string aspect;  ///< of the object: "owner", "definition"; empty where there is but one
  auto operator<=>(const CheckId&) const = default;
};

struct Check {
  std::string name;  ///< as people read it; several checks of an object share it
  Verdict verdict;
  std::string detail;
  CheckId id = {};  ///< evidence does not keep it
};

/// For the end of a report: no two checks have the same id afterwards. Where two had, the aspects of the
/// later ones get a number; a check that is only named has its name for an object.
void make_unique(std::vector<Check>& checks);
/// Names for readers that want a name only once (JUnit): the check's own, with kind and aspect behind it
/// where others share it.
std::vector<std::string> unique_names(std::vector<Check> checks);

/// fail if any failed, else unverified if any is or there are none, else pass: missing proof is not proof.
Verdict overall(std::span<const Check> checks);
/// "NAME: DETAIL" of the first check with that verdict, which is not to be a pass.
std::string first_problem(std::span<const Check> checks, Verdict verdict);
std::string_view to_string(Verdict verdict);   ///< PASS, FAIL, UNVERIFIED
Verdict parse_verdict(std::string_view text);  ///< throws Error

}  // namespace pgassay
