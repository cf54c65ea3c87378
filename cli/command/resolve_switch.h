// What a switch is told, from the command line and the configuration.
#pragma once

#include "cli/command/command.h"
#include "stack/check/check.h"
#include "stack/switch/switch.h"

namespace pgassay::cli {

/// Throws UsageError: no such switch, no such source.
stack::SwitchOptions switch_options(Context& context);
/// Of a switch that need not be configured any more; `source`: as its journal says.
stack::RollbackOptions rollback_options(Context& context, const std::string& name, const std::string& source);

/// What asks for a stack's routes, as `stack routes` does. The context must outlive it.
stack::RoutesCheck routes_check(Context& context);
/// Failed: any check did. Where none failed but not all could be made, the routes are not checked.
stack::RoutesOutcome outcome_of(const stack::StackCheckReport& report);

}  // namespace pgassay::cli
