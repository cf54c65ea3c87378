#include "stack/switch/forget.h"

#include <fmt/format.h>

#include "cli/basics/units.h"
#include "cli/command/command.h"
#include "cli/command/common.h"
#include "cli/command/stacks.h"
#include "cli/command/switch_options.h"
#include "cli/render/json/stack.h"

namespace pgassay::cli {
namespace {

Exit run_stack_forget(Context& context, const std::string& name) {
  const Repository repository = open_repository(context.arguments, context.config);
  const stack::SwitchLock lock(repository);
  stack::SwitchJournal journal = begun_switch(repository, name);
  const std::vector<std::string> removed = forget_old_stack(journal, context.stop);
  set_forgotten(context.reply, removed, name);
  context.reporter.summary(fmt::format("removed {}; volumes stay\n", counted(removed.size(), "container")));
  return Exit::done;
}

Run declare_stack_forget(Options& options) {
  const auto name = std::make_shared<std::string>();
  add_switch_name(options, *name);
  return [name](Context& context) { return run_stack_forget(context, *name); };
}

}  // namespace

const Command kStackForget = {
    .name = "stack forget",
    .what = "remove the old stack's containers, never a volume",
    .examples =
        "  pgassay stack forget prod\n"
        "There is no rollback then.\n",
    .declare = declare_stack_forget,
};

}  // namespace pgassay::cli
