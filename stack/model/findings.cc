#include "stack/model/findings.h"

#include <algorithm>

namespace pgassay::stack {

std::string_view to_string(StackVerdict verdict) {
  switch (verdict) {
    case StackVerdict::pass:
      return "PASS";
    case StackVerdict::warning:
      return "WARNING";
    case StackVerdict::fail:
      return "FAIL";
    case StackVerdict::unverified:
      return "UNVERIFIED";
  }
  return "UNVERIFIED";
}

StackCheck Findings::outcome(const std::string& name) const {
  const auto any = [&](StackVerdict weight) {
    return std::ranges::find(all_, weight, &StackFinding::weight) != all_.end();
  };
  StackCheck check{check_, name, stack_, StackVerdict::pass, detail_};
  if (any(StackVerdict::fail)) {
    check.verdict = StackVerdict::fail;
  } else if (!made_ || any(StackVerdict::unverified)) {
    check.verdict = StackVerdict::unverified;
  } else if (any(StackVerdict::warning)) {
    check.verdict = StackVerdict::warning;
  }
  return check;
}

}  // namespace pgassay::stack
