#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/command/routes_check.h"
#include "stack/routes/routes.h"

namespace pgassay::cli {

stack::RoutesOutcome outcome_of(const stack::StackCheckReport& report) {
  using Kind = stack::RoutesOutcome::Kind;
  std::vector<std::string> not_made;
  for (const stack::StackCheck& check : report.checks)
    if (check.verdict == stack::StackVerdict::unverified)
      not_made.push_back(fmt::format("{} ({})", check.number, check.name));
  for (const stack::StackFinding& finding : report.findings)
    if (finding.weight == stack::StackVerdict::fail)
      return {Kind::failed, fmt::format("check {}: {}{}{}", finding.check, finding.key,
                                        finding.key.empty() ? "" : ": ", finding.text)};
  if (report.exit() != Exit::done)
    return {Kind::not_checked, fmt::format("nothing is wrong, but unverified: {}; see pgassay stack routes",
                                           fmt::join(not_made, ", "))};
  return {Kind::passed, "every route answers"};
}

stack::RoutesCheck routes_check(Context& context) {
  return [&context](const std::string& name, std::stop_token stop) -> stack::RoutesOutcome {
    const auto stack = context.config.stacks.find(name);
    if (stack == context.config.stacks.end() || stack->second.routes.empty())
      return {stack::RoutesOutcome::Kind::not_checked,
              "stack " + name + " has no [[stack." + name + ".route]]"};
    const auto deadline =
        std::chrono::steady_clock::now() +
        std::chrono::duration_cast<std::chrono::steady_clock::duration>(stack->second.traefik.wait);
    return outcome_of(stack::check_routes({stack->second}, deadline, context.reporter, std::move(stop)));
  };
}

}  // namespace pgassay::cli
