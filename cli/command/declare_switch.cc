#include "cli/command/declare.h"

namespace pgassay::cli {
namespace {

void add_name(CLI::App& command, SwitchArguments& arguments) {
  command.add_option("NAME", arguments.name, "the [switch.NAME] of the configuration")
      ->required()
      ->option_text(" ");
}

}  // namespace

void declare_switch(CLI::App& group, SwitchArguments& arguments, std::vector<std::string>& names) {
  CLI::App& begin = add_command(
      group, "switch", "replace a running stack by another, its data carried over and proved",
      "  pgassay stack switch prod --dry-run       the plan, with exact commands; touches nothing\n"
      "  pgassay stack switch prod --yes\n"
      "  pgassay stack switch prod --resume        go on after a crash\n"
      "Before the new stack's writers start, whatever fails rolls back by itself. Exit status 6: refused,\n"
      "or somebody must choose; the message says between what.\n");
  add_name(begin, arguments);
  CLI::Option* dry = begin.add_flag("--dry-run", arguments.dry_run, "print the plan, touch nothing");
  begin.add_flag("--yes", arguments.yes, "do not ask");
  begin.add_flag("--no-drill", arguments.no_drill, "verify the rehearsal's backup, but do not drill it");
  CLI::Option* keep = begin.add_flag("--keep-data", arguments.keep_data,
                                     "both stacks use the same volume: the new server takes it over");
  begin
      .add_flag("--data-from-backup", arguments.data_from_backup,
                "the new stack's volume holds a database already: the old stack's data takes its name, and "
                "what was there stays beside it")
      ->excludes(keep);
  begin.add_flag("--resume", arguments.resume, "go on with a switch that was interrupted")->excludes(dry);

  CLI::App& back = add_command(
      group, "rollback", "back to the old stack: the very containers that were stopped are started",
      "  pgassay stack rollback prod\n"
      "What the new stack wrote is backed up and pinned first, and the tables are named of which the old\n"
      "database lacks rows. Needs no compose file.\n");
  add_name(back, arguments);
  back.add_flag("--without-new-data", arguments.without_new_data,
                "do not back up what the new stack wrote: its database can't be started");

  CLI::App& status = add_command(group, "status", "stacks, and where their switches stand",
                                 "  pgassay stack status              everything that is configured\n"
                                 "  pgassay stack status prod --json\n"
                                 "Exit status 6: a switch is neither finished nor undone.\n");
  status.add_option("NAME", names, "stacks and switches of the configuration")->option_text(" ");

  CLI::App& forget = add_command(group, "forget", "remove the old stack's containers, never a volume",
                                 "  pgassay stack forget prod\n"
                                 "There is no rollback then.\n");
  add_name(forget, arguments);
}

}  // namespace pgassay::cli
