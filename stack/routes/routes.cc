#include "stack/routes/routes.h"

#include <algorithm>

#include "core/system/cancellation.h"
#include "stack/routes/checks.h"

namespace pgassay::stack {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kNetworks = 1, kLabels = 2, kRouters = 3;
constexpr Seconds kPause(1), kLeastTimeout(0.5);

/// Would another look perhaps show something better? Labels stay, and so does what is not configured, or not
/// installed.
bool may_change(const StackCheck& check, const RouteFacts& facts) {
  if (check.verdict == StackVerdict::fail) return check.number != kLabels;
  if (check.verdict != StackVerdict::unverified) return false;
  return (check.number == kNetworks && facts.containers) || (check.number == kRouters && facts.api_was_asked);
}

bool may_change(const StackCheckReport& report, const RouteFacts& facts) {
  return std::ranges::any_of(report.checks,
                             [&](const StackCheck& check) { return may_change(check, facts); });
}

/// "check 3: http.routers.api: Traefik does not know it"
std::string first_problem(const StackCheckReport& report) {
  for (const StackFinding& finding : report.findings)
    if (finding.weight == StackVerdict::fail || finding.weight == StackVerdict::unverified)
      return "check " + std::to_string(finding.check) + ": " +
             (finding.key.empty() ? "" : finding.key + ": ") + finding.text;
  return "not everything could be looked at";
}

StackCheckReport check_one(const StackFacts& stack, Clock::time_point deadline, Observer& observer,
                           const std::stop_token& stop) {
  const Seconds timeout = stack.settings.traefik.timeout;
  const StopFd stop_fd(stop);
  RouteFacts facts = gather_routes(stack, timeout, stop);
  std::string told;
  for (;;) {
    StackCheckReport report = judge_routes(facts);
    const Seconds left = deadline - Clock::now();
    if (!may_change(report, facts) || left.count() <= 0) return report;
    if (const std::string problem = first_problem(report); problem != told) {
      observer.message(Level::info, "stack " + stack.name() + " is not there yet, and gets " +
                                        std::to_string(static_cast<int>(left.count()) + 1) +
                                        " s more: " + problem);
      told = problem;
    }
    pause_for(std::chrono::duration_cast<std::chrono::milliseconds>(std::min(kPause, left)), stop_fd);
    facts = gather_routes(
        stack, std::min<Seconds>(timeout, std::max<Seconds>(kLeastTimeout, deadline - Clock::now())), stop);
  }
}

}  // namespace

RouteFacts gather_routes(const StackFacts& stack, Seconds timeout, const std::stop_token& stop) {
  RouteFacts facts;
  facts.stack = stack;
  facts.project = stack.model() != nullptr ? stack.model()->project : stack.settings.project.value_or("");
  try {
    facts.containers = all_containers(stop);
  } catch (const Error& error) {
    error.raise_if(ErrorKind::stopped);
    facts.engine_problem = error.what();
    facts.engine_hint = engine_hint(error);
  }
  find_traefik(facts);
  ask_api(facts, timeout, stop);
  ask_routes(facts, timeout, stop);
  return facts;
}

StackCheckReport judge_routes(const RouteFacts& facts) {
  StackCheckReport report;
  for (const NamedRouteCheck& check : route_checks()) {
    Findings out(check.number, facts.stack.name());
    check.run(facts, out);
    report.checks.push_back(out.outcome(check.name));
    report.findings.insert(report.findings.end(), out.all().begin(), out.all().end());
  }
  return report;
}

StackCheckReport check_routes(const std::vector<StackSettings>& stacks, Clock::time_point deadline,
                              Observer& observer, std::stop_token stop) {
  StackCheckReport whole;
  observer.phase("compose");
  const std::optional<Compose> compose = Compose::find(stop);
  for (const StackSettings& settings : stacks) {
    const StackFacts stack = facts_of(settings, compose, stop);
    observer.phase("routes");
    const StackCheckReport report = check_one(stack, deadline, observer, stop);
    whole.checks.insert(whole.checks.end(), report.checks.begin(), report.checks.end());
    whole.findings.insert(whole.findings.end(), report.findings.begin(), report.findings.end());
  }
  return whole;
}

}  // namespace pgassay::stack
