// What the commands of stacks add to the --json document.
#pragma once

#include <string>
#include <vector>

#include "cli/render/json/out.h"
#include "stack/check/check.h"
#include "stack/switch/switch.h"

namespace pgassay::cli {

void set_stack_checks(Reply& reply, const stack::StackCheckReport& report);
void set_plan(Reply& reply, const stack::SwitchPlan& plan);
void set_switched(Reply& reply, const stack::SwitchReport& report, const std::string& name);
void set_rolled_back(Reply& reply, const stack::RollbackReport& report, const std::string& name);
void set_taken_back(Reply& reply, const std::string& name);
void set_forgotten(Reply& reply, const std::vector<std::string>& removed, const std::string& name);

}  // namespace pgassay::cli
