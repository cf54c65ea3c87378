#include <fmt/format.h>

#include "cli/command/command.h"
#include "cli/command/resolve.h"
#include "cli/command/resolve_switch.h"
#include "cli/render/text/switch_text.h"
#include "cli/units.h"
#include "stack/switch/forget.h"

namespace pgassay::cli {
namespace {

stack::SwitchJournal journal_of(const Repository& repository, const std::string& name) {
  auto journal = stack::SwitchJournal::newest(repository, name);
  if (!journal)
    throw UsageError(fmt::format("there was no switch '{}'", printable(name)), "pgassay stack status");
  return std::move(*journal);
}

}  // namespace

Exit run_stack_rollback(Context& context) {
  const std::string& name = context.arguments.stack.switching.name;
  const Repository repository = Repository::open(repository_path(context.arguments, context.config));
  const stack::SwitchLock lock(repository);
  stack::SwitchJournal journal = journal_of(repository, name);
  const stack::RollbackOptions options =
      rollback_options(context, name, replay(journal.entries()).fact(stack::fact::kSource));
  const stack::RollbackReport report =
      roll_back(repository, journal, options, context.reporter, context.stop);
  set_rolled_back(context.reply, report, name);
  context.reporter.print(rolled_back_text(report, name));
  return report.routes_problem.empty() ? Exit::done : Exit::failed;
}

Exit run_stack_forget(Context& context) {
  const std::string& name = context.arguments.stack.switching.name;
  const Repository repository = Repository::open(repository_path(context.arguments, context.config));
  const stack::SwitchLock lock(repository);
  stack::SwitchJournal journal = journal_of(repository, name);
  const std::vector<std::string> removed = forget_old_stack(journal, context.stop);
  set_forgotten(context.reply, removed, name);
  context.reporter.summary(fmt::format("removed {}; volumes stay\n", counted(removed.size(), "container")));
  return Exit::done;
}

}  // namespace pgassay::cli
