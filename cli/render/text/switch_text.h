// What is printed of a switch: its plan, its end, the way back.
#pragma once

#include <string>

#include "stack/switch/switch.h"

namespace pgassay::cli {

std::string plan_text(const stack::SwitchPlan& plan, const std::string& name);
std::string switched_text(const stack::SwitchReport& report, const std::string& name);
std::string rolled_back_text(const stack::RollbackReport& report, const std::string& name);

}  // namespace pgassay::cli
