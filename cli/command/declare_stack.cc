#include "cli/command/declare.h"

namespace pgassay::cli {
namespace {

void add_stacks(CLI::App& command, StackArguments& arguments, const char* all) {
  command.add_option("NAME", arguments.names, "stacks of the configuration")->option_text(" ");
  command.add_flag("--all", arguments.all, all);
  command.add_option("--junit", arguments.junit, "also write the checks as JUnit XML")->option_text("FILE");
}

void declare_routes(CLI::App& group, StackArguments& arguments) {
  CLI::App& routes =
      add_command(group, "routes", "is a stack to be reached through Traefik, each host at its own services?",
                  "  pgassay stack routes prod                  until all is well, 30 s at most\n"
                  "  pgassay stack routes prod --address 127.0.0.1 --insecure --wait 0\n"
                  "                                             this host's Traefik, before DNS leads to it\n"
                  "Exit status 6: something is wrong. 4: not everything could be looked at.\n"
                  "Nothing is started, stopped or changed; each route is asked for with GET.\n");
  add_stacks(routes, arguments, "every stack of the configuration that has routes");
  routes.add_option("--wait", arguments.wait, "how long to look again while something is wrong; 0: once")
      ->option_text("DURATION");
  routes
      .add_option("--address", arguments.address, "where the hosts of routes are, instead of where DNS says")
      ->option_text("ADDRESS");
  routes.add_option("--ca-file", arguments.ca_file, "certificates to trust, instead of this host's")
      ->option_text("FILE");
  routes.add_flag("--insecure", arguments.insecure, "trust any certificate");
}

}  // namespace

void declare_stack(CLI::App& app, Arguments& arguments) {
  CLI::App& group =
      add_command(app, "stack", "docker compose stacks: checks, and the switch from one to another",
                  "  pgassay stack check --all\n"
                  "  pgassay stack routes prod\n"
                  "  pgassay stack switch prod --dry-run\n"
                  "  pgassay stack check --help\n");
  group.require_subcommand(0, 1);
  CLI::App& check =
      add_command(group, "check", "what stands in the way of a stack, and what to write instead",
                  "  pgassay stack check prod                  compared with every other stack\n"
                  "  pgassay stack check --all --junit stacks.xml\n"
                  "Exit status 6: something is wrong. 4: not everything could be looked at.\n"
                  "Nothing is started, stopped or changed, and no secret is printed.\n");
  add_stacks(check, arguments.stack, "every stack of the configuration");
  declare_routes(group, arguments.stack);
  declare_switch(group, arguments.stack.switching, arguments.stack.names);
}

}  // namespace pgassay::cli
