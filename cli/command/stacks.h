// What the commands of docker compose stacks read alike.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/command/options.h"
#include "cli/config/config.h"

namespace pgassay::cli {

/// Which stacks of the configuration a check is about, and where to its report goes, too.
struct StacksArguments {
  std::vector<std::string> names;
  bool all = false;
  std::optional<std::string> junit;
};
void add_stacks(Options& options, StacksArguments& stacks, const char* all);
/// Those named, all with --all, or the only one there is. Throws UsageError.
std::vector<std::string> chosen_stacks(const StacksArguments& arguments, const Config& config);

void add_switch_name(Options& options, std::string& name);  ///< NAME, of [switch.NAME]

}  // namespace pgassay::cli
