// What a switch and its way back are told by the configuration.
#pragma once

#include <string>

#include "cli/command/command.h"
#include "stack/switch/switch.h"

namespace pgassay::cli {

/// With the drill, unless the configuration leaves it out. Throws UsageError: no such switch, no such source.
stack::SwitchOptions switch_options(Context& context, const std::string& name, bool no_drill);
/// Of a switch that need not be configured any more; `source`: as its journal says.
stack::RollbackOptions rollback_options(Context& context, const std::string& name, const std::string& source);

/// The journal of the switch of that name that was begun last. Throws UsageError: there was none.
stack::SwitchJournal begun_switch(const Repository& repository, const std::string& name);

}  // namespace pgassay::cli
