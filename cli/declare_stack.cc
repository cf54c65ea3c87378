#include "cli/declare.h"

namespace pgassay::cli {

void declare_stack(CLI::App& app, Arguments& arguments) {
  CLI::App& group =
      add_command(app, "stack", "docker compose stacks: checks, and the switch from one to another",
                  "  pgassay stack check --all\n"
                  "  pgassay stack switch prod --dry-run\n"
                  "  pgassay stack check --help\n");
  group.require_subcommand(0, 1);
  CLI::App& check =
      add_command(group, "check", "what stands in the way of a stack, and what to write instead",
                  "  pgassay stack check prod                  compared with every other stack\n"
                  "  pgassay stack check --all --junit stacks.xml\n"
                  "Exit status 6: something is wrong. 4: not everything could be looked at.\n"
                  "Nothing is started, stopped or changed, and no secret is printed.\n");
  check.add_option("NAME", arguments.stack.names, "stacks of the configuration")->option_text(" ");
  check.add_flag("--all", arguments.stack.all, "every stack of the configuration");
  check.add_option("--junit", arguments.stack.junit, "also write the checks as JUnit XML")
      ->option_text("FILE");
  declare_switch(group, arguments.stack.switching, arguments.stack.names);
}

}  // namespace pgassay::cli
