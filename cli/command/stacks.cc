#include "cli/command/stacks.h"

#include <fmt/format.h>

#include "cli/basics/units.h"
#include "core/system/error.h"
#include "core/system/printable.h"

namespace pgassay::cli {

void add_stacks(Options& options, StacksArguments& stacks, const char* all) {
  options.argument("NAME", &stacks.names, "stacks of the configuration");
  options.flag("--all", stacks.all, all);
  options.value("--junit", &stacks.junit, "FILE", "also write the checks as JUnit XML");
}

void add_switch_name(Options& options, std::string& name) {
  options.argument("NAME", &name, "the [switch.NAME] of the configuration").required();
}

std::vector<std::string> chosen_stacks(const StacksArguments& arguments, const Config& config) {
  if (config.stacks.empty())
    throw UsageError("no stack is configured", "write [stack.NAME] into pgassay.toml: see docs/stacks.md");
  std::vector<std::string> known;
  for (const auto& [name, stack] : config.stacks) known.push_back(name);
  if (arguments.all && !arguments.names.empty()) throw UsageError("NAME and --all exclude each other");
  if (arguments.all || (arguments.names.empty() && known.size() == 1)) return known;
  if (arguments.names.empty())
    throw UsageError(fmt::format("which stack? the configuration has {}", fmt::join(known, ", ")),
                     "or --all");
  for (const std::string& name : arguments.names)
    if (!config.stacks.contains(name))
      throw UsageError(fmt::format("no stack '{}' in {}{}", printable(name), config.file.string(),
                                   did_you_mean(name, known)));
  return arguments.names;
}

}  // namespace pgassay::cli
