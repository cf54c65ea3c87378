// What a switch is told, from the command line and the configuration.
#pragma once

#include "cli/command.h"
#include "stack/switch.h"

namespace pgassay::cli {

/// Throws UsageError: no such switch, no such source.
SwitchOptions switch_options(Context& context);
/// Of a switch that need not be configured any more; `source`: as its journal says.
RollbackOptions rollback_options(Context& context, const std::string& name, const std::string& source);

/// What asks for a stack's routes; empty: nothing does.
RoutesCheck routes_check(Context& context);

}  // namespace pgassay::cli
