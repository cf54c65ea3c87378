// The routes of a stack, as a switch asks for them.
#pragma once

#include "cli/command/command.h"
#include "stack/check/check.h"
#include "stack/switch/switch.h"

namespace pgassay::cli {

/// What asks for a stack's routes, as `stack routes` does. The context must outlive it.
stack::RoutesCheck routes_check(Context& context);
/// Failed: any check did. Where none failed but not all could be made, the routes are not checked.
stack::RoutesOutcome outcome_of(const stack::StackCheckReport& report);

}  // namespace pgassay::cli
