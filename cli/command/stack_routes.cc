#include <fmt/format.h>

#include "cli/command/chosen_stacks.h"
#include "cli/command/command.h"
#include "cli/render/text/stack_report.h"
#include "cli/units.h"
#include "stack/routes/routes.h"

namespace pgassay::cli {
namespace {

double wait_of(const StackArguments& arguments, const std::vector<stack::StackSettings>& stacks) {
  if (arguments.wait) {
    const auto seconds = parse_duration(*arguments.wait);
    if (!seconds) throw UsageError("--wait must be a duration such as 30s or 2m, or 0");
    return *seconds;
  }
  double longest = 0;
  for (const stack::StackSettings& stack : stacks) longest = std::max(longest, stack.traefik.wait_seconds);
  return longest;
}

/// The configuration, with what the command line says of how to get to Traefik.
stack::StackSettings with_arguments(stack::StackSettings stack, const StackArguments& arguments) {
  if (arguments.address) {
    if (!stack::is_address(*arguments.address))
      throw UsageError("--address must be an IP address or a host's name, without scheme and port");
    stack.traefik.address = *arguments.address;
  }
  if (arguments.ca_file) stack.traefik.ca_file = *arguments.ca_file;
  if (arguments.insecure) stack.traefik.insecure = true;
  return stack;
}

std::vector<stack::StackSettings> stacks_with_routes(const StackArguments& arguments, const Config& config) {
  std::vector<stack::StackSettings> found;
  for (const std::string& name : chosen_stacks(arguments, config)) {
    const stack::StackSettings& stack = config.stacks.at(name);
    if (!stack.routes.empty()) found.push_back(with_arguments(stack, arguments));
    if (stack.routes.empty() && !arguments.all)
      throw UsageError(fmt::format("stack {} has no route", name),
                       fmt::format("write [[stack.{}.route]] into {}", name, config.file.string()));
  }
  if (found.empty())
    throw UsageError("no stack has a route", "write [[stack.NAME.route]] into " + config.file.string());
  return found;
}

}  // namespace

Exit run_stack_routes(Context& context) {
  const StackArguments& arguments = context.arguments.stack;
  const std::vector<stack::StackSettings> stacks = stacks_with_routes(arguments, context.config);
  const auto wait = std::chrono::duration<double>(wait_of(arguments, stacks));
  const stack::StackCheckReport report =
      check_routes(stacks,
                   std::chrono::steady_clock::now() +
                       std::chrono::duration_cast<std::chrono::steady_clock::duration>(wait),
                   context.reporter, context.stop);
  if (arguments.junit) replace_file(*arguments.junit, junit_xml(report, "pgassay stack routes"));
  set_stack_checks(context.reply, report);
  context.reporter.print(stack_check_text(report, context.arguments.quiet));
  return report.exit();
}

}  // namespace pgassay::cli
