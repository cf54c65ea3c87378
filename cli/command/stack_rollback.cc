#include <fmt/format.h>

#include "cli/command/command.h"
#include "cli/command/common.h"
#include "cli/command/hints.h"
#include "cli/command/stacks.h"
#include "cli/command/switch_options.h"
#include "cli/render/json/stack.h"
#include "cli/render/text/switch_text.h"
#include "core/system/printable.h"
#include "stack/switch/return.h"

namespace pgassay::cli {
namespace {

struct RollbackArguments {
  std::string name;
  bool without_new_data = false, abandon = false;
};

Exit run_stack_rollback(Context& context, const RollbackArguments& arguments) {
  const std::string& name = arguments.name;
  const Repository repository = open_repository(context.arguments, context.config);
  const stack::SwitchLock lock(repository);
  stack::SwitchJournal journal = begun_switch(repository, name);
  stack::RollbackOptions options =
      rollback_options(context, name, replay(journal.entries()).fact(stack::fact::kSource));
  options.without_new_data = arguments.without_new_data;
  if (arguments.abandon) {
    take_back(repository, journal, options, context.reporter, context.stop);
    set_taken_back(context.reply, name);
    context.reporter.summary(with_our_flags(
        fmt::format("the rollback of {} is given up; pgassay stack status says how it stands\n",
                    printable(name)),
        context.arguments));
    return Exit::done;
  }
  const stack::RollbackReport report =
      roll_back(repository, journal, options, context.reporter, context.stop);
  set_rolled_back(context.reply, report, name);
  context.reporter.print(with_our_flags(rolled_back_text(report, name), context.arguments));
  return report.routes_problem.empty() && report.gone.empty() ? Exit::done : Exit::failed;
}

Run declare_stack_rollback(Options& options) {
  const auto arguments = std::make_shared<RollbackArguments>();
  add_switch_name(options, arguments->name);
  options.flag("--without-new-data", arguments->without_new_data,
               "do not back up what the new stack wrote: its database can't be started");
  options
      .flag("--abandon", arguments->abandon,
            "give up a rollback that did not come to its end: the old stack is stopped, the new one started "
            "again")
      .excludes({"--without-new-data"});
  return [arguments](Context& context) { return run_stack_rollback(context, *arguments); };
}

}  // namespace

const Command kStackRollback = {
    .name = "stack rollback",
    .what = "back to the old stack: the very containers that were stopped are started",
    .examples =
        "  pgassay stack rollback prod\n"
        "What the new stack wrote is backed up and pinned first, and the tables are named of which the old\n"
        "database lacks rows. Needs no compose file.\n",
    .declare = declare_stack_rollback,
};

}  // namespace pgassay::cli
