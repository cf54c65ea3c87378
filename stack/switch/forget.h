// The end of the way back: the old stack's containers are removed. Never a volume, be it anonymous.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "stack/switch/journal.h"

namespace pgassay::stack {

/// Returns the names of those that were there. Throws Refused unless the switch ended well, and when one of
/// them runs.
std::vector<std::string> forget_old_stack(SwitchJournal& journal, const std::stop_token& stop);

}  // namespace pgassay::stack
