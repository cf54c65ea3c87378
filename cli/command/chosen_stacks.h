// Which stacks of the configuration a command is about.
#pragma once

#include <string>
#include <vector>

#include "cli/command/arguments.h"
#include "cli/config/config.h"

namespace pgassay::cli {

/// Those named, all with --all, or the only one there is. Throws UsageError.
std::vector<std::string> chosen_stacks(const StackArguments& arguments, const Config& config);

}  // namespace pgassay::cli
