#pragma once

#include <span>
#include <string>
#include <string_view>

namespace pgassay {

enum class Verdict { pass, fail, unverified };

struct Check {
  std::string name;
  Verdict verdict;
  std::string detail;
};

/// fail if any failed, else unverified if any is or there are none, else pass: missing proof is not proof.
Verdict overall(std::span<const Check> checks);
/// "NAME: DETAIL" of the first check with that verdict, which is not to be a pass.
std::string first_problem(std::span<const Check> checks, Verdict verdict);
std::string_view to_string(Verdict verdict);   ///< PASS, FAIL, UNVERIFIED
Verdict parse_verdict(std::string_view text);  ///< throws Error

}  // namespace pgassay
