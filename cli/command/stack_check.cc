#include <fmt/format.h>

#include <algorithm>

#include "cli/command/command.h"
#include "cli/command/common.h"
#include "cli/command/hints.h"
#include "cli/command/stacks.h"
#include "cli/command/watch_options.h"
#include "cli/render/json/stack.h"
#include "cli/render/text/stack_report.h"
#include "stack/check/check.h"

namespace pgassay::cli {
namespace {

/// What the repository has of a stack's source.
stack::ProvenBackups backups_of(const Context& context, const stack::StackSettings& stack) {
  stack::ProvenBackups found;
  const auto source = context.config.sources.find(*stack.source);
  if (source == context.config.sources.end()) {
    found.problem = fmt::format("there is no [source.{}]", *stack.source);
    found.hint = fmt::format("write one, or correct source in [stack.{}]", stack.name);
    return found;
  }
  found.max_age = max_age(context.config, *stack.source).value_or(found.max_age);
  try {
    const Repository repository = open_repository(context.arguments, context.config);
    found.backups = repository.list({*stack.source, stack.database.value_or("")});
  } catch (const Error& error) {
    found.problem = error.what();
    found.hint = error.hint();
  }
  return found;
}

Exit run_stack_check(Context& context, const StacksArguments& arguments) {
  stack::StackCheckOptions options;
  options.chosen = chosen_stacks(arguments, context.config);
  for (const auto& [name, stack] : context.config.stacks) {
    options.stacks.push_back(stack);
    const bool chosen = std::ranges::find(options.chosen, name) != options.chosen.end();
    if (chosen && stack.source) options.backups[name] = backups_of(context, stack);
  }
  const stack::StackCheckReport report = check_stacks(options, context.reporter, context.stop);
  if (arguments.junit) replace_file(*arguments.junit, junit_xml(report, "pgassay stack check"));
  set_stack_checks(context.reply, report);
  context.reporter.print(
      with_our_flags(stack_check_text(report, context.arguments.quiet), context.arguments));
  return report.exit();
}

Run declare_stack_check(Options& options) {
  const auto arguments = std::make_shared<StacksArguments>();
  add_stacks(options, *arguments, "every stack of the configuration");
  return [arguments](Context& context) { return run_stack_check(context, *arguments); };
}

}  // namespace

const Command kStackCheck = {
    .name = "stack check",
    .what = "what stands in the way of a stack, and what to write instead",
    .examples =
        "  pgassay stack check prod                  compared with every other stack\n"
        "  pgassay stack check --all --junit stacks.xml\n"
        "Exit status 6: something is wrong. 4: not everything could be looked at.\n"
        "Nothing is started, stopped or changed, and no secret is printed.\n",
    .declare = declare_stack_check,
};

}  // namespace pgassay::cli
