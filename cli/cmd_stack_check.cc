#include <fmt/format.h>

#include <algorithm>

#include "cli/command.h"
#include "cli/resolve.h"
#include "cli/stack_report.h"
#include "cli/units.h"
#include "cli/watch.h"
#include "stack/check.h"

namespace pgassay::cli {
namespace {

std::vector<std::string> chosen_stacks(const StackArguments& arguments, const Config& config) {
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

/// What the repository has of a stack's source.
ProvenBackups backups_of(const Context& context, const StackSettings& stack) {
  ProvenBackups found;
  const auto source = context.config.sources.find(*stack.source);
  if (source == context.config.sources.end()) {
    found.problem = fmt::format("there is no [source.{}]", *stack.source);
    found.hint = fmt::format("write one, or correct source in [stack.{}]", stack.name);
    return found;
  }
  found.max_age_seconds = max_age(context.config, *stack.source).value_or(found.max_age_seconds);
  try {
    const Repository repository = Repository::open(repository_path(context.arguments, context.config));
    found.backups = repository.list({*stack.source, stack.database.value_or("")});
  } catch (const Error& error) {
    found.problem = error.what();
    found.hint = error.hint();
  }
  return found;
}

}  // namespace

Exit run_stack_check(Context& context) {
  StackCheckOptions options;
  options.chosen = chosen_stacks(context.arguments.stack, context.config);
  for (const auto& [name, stack] : context.config.stacks) {
    options.stacks.push_back(stack);
    const bool chosen = std::ranges::find(options.chosen, name) != options.chosen.end();
    if (chosen && stack.source) options.backups[name] = backups_of(context, stack);
  }
  const StackCheckReport report = check_stacks(options, context.reporter, context.stop);
  if (context.arguments.stack.junit) replace_file(*context.arguments.stack.junit, junit_xml(report));
  set_stack_checks(context.reply, report);
  context.reporter.print(stack_check_text(report, context.arguments.quiet));
  return report.exit();
}

}  // namespace pgassay::cli
