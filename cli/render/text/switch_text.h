// What is told of a switch: its plan, its end, the way back.
#pragma once

#include <string>

#include "cli/render/json/out.h"
#include "stack/switch/switch.h"

namespace pgassay::cli {

std::string plan_text(const stack::SwitchPlan& plan, const std::string& name);
void set_plan(Reply& reply, const stack::SwitchPlan& plan);

std::string switched_text(const stack::SwitchReport& report, const std::string& name);
void set_switched(Reply& reply, const stack::SwitchReport& report, const std::string& name);

std::string rolled_back_text(const stack::RollbackReport& report, const std::string& name);
void set_rolled_back(Reply& reply, const stack::RollbackReport& report, const std::string& name);

void set_forgotten(Reply& reply, const std::vector<std::string>& removed, const std::string& name);

}  // namespace pgassay::cli
