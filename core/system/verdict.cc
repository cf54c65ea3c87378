#include "core/system/verdict.h"

#include <algorithm>

#include "core/system/error.h"

namespace pgassay {

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
