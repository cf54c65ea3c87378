// pgassay stack routes: is a stack to be reached through Traefik, each host at its own services?
#pragma once

#include <chrono>
#include <stop_token>
#include <vector>

#include "core/system/clock.h"
#include "core/system/observer.h"
#include "stack/check/check.h"
#include "stack/routes/facts.h"

namespace pgassay::stack {

/// Looks, and looks again until all is as it should be or the deadline has passed; always once. What no
/// waiting changes (labels, an engine that is not there) is not waited for. A request takes
/// TraefikSettings::timeout at most, so that the end may come later than the deadline by one round of
/// them. Starts and changes nothing. Throws Stopped.
StackCheckReport check_routes(const std::vector<StackSettings>& stacks,
                              std::chrono::steady_clock::time_point deadline, Observer& observer,
                              std::stop_token stop);

// The two halves of it.

/// Once; `stack` is what compose says, which stays.
RouteFacts gather_routes(const StackFacts& stack, Seconds timeout, const std::stop_token& stop);
StackCheckReport judge_routes(const RouteFacts& facts);

}  // namespace pgassay::stack
