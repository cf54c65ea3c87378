#include <fmt/format.h>

#include "cli/basics/units.h"
#include "cli/command/command.h"
#include "cli/command/hints.h"
#include "cli/command/stacks.h"
#include "cli/render/json/stack.h"
#include "cli/render/text/stack_report.h"
#include "stack/routes/routes.h"

namespace pgassay::cli {
namespace {

struct RoutesArguments {
  StacksArguments stacks;
  std::optional<std::string> address, ca_file, wait;
  bool insecure = false;
};

Seconds wait_of(const RoutesArguments& arguments, const std::vector<stack::StackSettings>& stacks) {
  if (arguments.wait) {
    const auto seconds = parse_duration(*arguments.wait);
    if (!seconds) throw UsageError("--wait must be a duration such as 30s or 2m, or 0");
    return *seconds;
  }
  Seconds longest{0};
  for (const stack::StackSettings& stack : stacks) longest = std::max(longest, stack.traefik.wait);
  return longest;
}

/// The configuration, with what the command line says of how to get to Traefik.
stack::StackSettings with_arguments(stack::StackSettings stack, const RoutesArguments& arguments) {
  if (arguments.address) {
    if (!stack::is_address(*arguments.address))
      throw UsageError("--address must be an IP address or a host's name, without scheme and port");
    stack.traefik.address = *arguments.address;
  }
  if (arguments.ca_file) stack.traefik.ca_file = *arguments.ca_file;
  if (arguments.insecure) stack.traefik.insecure = true;
  return stack;
}

std::vector<stack::StackSettings> stacks_with_routes(const RoutesArguments& arguments, const Config& config) {
  std::vector<stack::StackSettings> found;
  for (const std::string& name : chosen_stacks(arguments.stacks, config)) {
    const stack::StackSettings& stack = config.stacks.at(name);
    if (!stack.routes.empty()) found.push_back(with_arguments(stack, arguments));
    if (stack.routes.empty() && !arguments.stacks.all)
      throw UsageError(fmt::format("stack {} has no route", name),
                       fmt::format("write [[stack.{}.route]] into {}", name, config.file.string()));
  }
  if (found.empty())
    throw UsageError("no stack has a route", "write [[stack.NAME.route]] into " + config.file.string());
  return found;
}

Exit run_stack_routes(Context& context, const RoutesArguments& arguments) {
  const std::vector<stack::StackSettings> stacks = stacks_with_routes(arguments, context.config);
  const Seconds wait = wait_of(arguments, stacks);
  const stack::StackCheckReport report =
      check_routes(stacks,
                   std::chrono::steady_clock::now() +
                       std::chrono::duration_cast<std::chrono::steady_clock::duration>(wait),
                   context.reporter, context.stop);
  if (arguments.stacks.junit)
    replace_file(*arguments.stacks.junit, junit_xml(report, "pgassay stack routes"));
  set_stack_checks(context.reply, report);
  context.reporter.print(
      with_our_flags(stack_check_text(report, context.arguments.quiet), context.arguments));
  return report.exit();
}

Run declare_stack_routes(Options& options) {
  const auto arguments = std::make_shared<RoutesArguments>();
  add_stacks(options, arguments->stacks, "every stack of the configuration that has routes");
  options.value("--wait", &arguments->wait, "DURATION",
                "how long to look again while something is wrong; 0: once");
  options.value("--address", &arguments->address, "ADDRESS",
                "where the hosts of routes are, instead of where DNS says");
  options.value("--ca-file", &arguments->ca_file, "FILE", "certificates to trust, instead of this host's");
  options.flag("--insecure", arguments->insecure, "trust any certificate");
  return [arguments](Context& context) { return run_stack_routes(context, *arguments); };
}

}  // namespace

const Command kStackRoutes = {
    .name = "stack routes",
    .what = "is a stack to be reached through Traefik, each host at its own services?",
    .examples =
        "  pgassay stack routes prod                  until all is well, 30 s at most\n"
        "  pgassay stack routes prod --address 127.0.0.1 --insecure --wait 0\n"
        "                                             this host's Traefik, before DNS leads to it\n"
        "Exit status 6: something is wrong. 4: not everything could be looked at.\n"
        "Nothing is started, stopped or changed; each route is asked for with GET.\n",
    .declare = declare_stack_routes,
};

}  // namespace pgassay::cli
