#include "proof/generated_check.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace pgassay::proof {
namespace {

std::string object_of(const Relation& relation, const std::string& column) {
  return "generated:" + relation.name.shown() + "." + column;
}

/// In which way the column is another.
std::string difference(const GeneratedDigest& expected, const GeneratedDigest& found, std::size_t column,
                       bool swapped) {
  const std::uint64_t before = expected.columns[column].nulls, nulls = found.columns[column].nulls;
  std::string words = fmt::format(
      "generated column of {} rows: {}", found.line.rows,
      swapped ? "its values or another's are in other rows" : "its values are not what they were");
  if (nulls != before) words += fmt::format(", NULL in {} rows instead of {}", nulls, before);
  return words;
}

Check check_of(const Relation& relation, std::string name, Verdict verdict, std::string detail,
               const std::string& column) {
  return {std::move(name),
          verdict,
          std::move(detail),
          {CheckKind::rows, relation.name.shown(), "generated " + column}};
}

}  // namespace

bool has_generated(const Relation& relation) {
  return !digested_names(relation.generated).empty();
}

std::uint64_t check_generated(const Relation& then, const GeneratedDigest& expected,
                              const GeneratedDigest& found, const Accepted& accepted,
                              const std::vector<std::string>& reasons, std::vector<Check>& checks) {
  if (found == expected) return found.columns.size();
  const std::vector<std::string> names = digested_names(then.generated);
  std::vector<std::size_t> differing;
  for (std::size_t i = 0; i < names.size(); ++i)
    if (found.columns[i] != expected.columns[i]) differing.push_back(i);
  const bool swapped = differing.empty();  // the values are there, each in another row
  for (std::size_t i = 0; swapped && i < names.size(); ++i) differing.push_back(i);
  for (const std::size_t i : differing) {
    const std::string object = object_of(then, names[i]);
    std::string detail = difference(expected, found, i, swapped);
    Verdict verdict = reasons.empty() ? Verdict::fail : Verdict::unverified;
    if (accepted.contains(object)) {
      verdict = Verdict::pass;
      detail += "; accepted by the configuration";
    } else if (!reasons.empty()) {
      detail += fmt::format("; that proves nothing: {}", fmt::join(reasons, ", "));
    } else {
      detail += fmt::format("; if they were stale in the source: accept = [\"{}\"]", object);
    }
    checks.push_back(check_of(then, fmt::format("column {}.{}", then.name.shown(), names[i]), verdict,
                              std::move(detail), names[i]));
  }
  return found.columns.size() - differing.size();
}

Check unknown_generated(const Relation& then) {
  return check_of(then, "generated columns of " + then.name.shown(), Verdict::unverified,
                  "the backup does not say what their values were: a pgassay without it took it, or to read "
                  "them would have "
                  "called functions of the table's indexes",
                  "");
}

}  // namespace pgassay::proof
