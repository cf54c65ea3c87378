#include <fmt/format.h>

#include "cli/command/command.h"
#include "cli/command/resolve.h"
#include "cli/render/json/replace.h"
#include "cli/units.h"
#include "restore/whole/replace.h"

namespace pgassay::cli {

Exit run_replace(Context& context) {
  const restore::RestoreOptions options =
      restore_options(context.arguments, context.config, context.reporter);
  const Repository repository = Repository::open(repository_path(context.arguments, context.config));
  const Selection& selection = context.arguments.selection;
  const Backup backup = repository.find(selection.ids.at(0), {selection.source, selection.database});
  if (context.arguments.restore.drop_old) {
    const std::string dropped = drop_old_database(backup, options, context.stop);
    set_dropped(context.reply, options.into, dropped);
    context.reporter.summary(
        fmt::format("dropped database {}; {} stays\n", printable(dropped), printable(options.into)));
    return Exit::done;
  }
  const restore::Replaced done =
      replace_database(repository, backup, options, context.reporter, context.stop);
  set_replaced(context.reply, options.into, done);
  const std::string database = printable(options.into);
  const std::string more =
      done.before.empty()
          ? fmt::format("NOT REPLACED: {} is as it was; the copy is {}\n", database, printable(done.beside))
          : fmt::format(
                "replaced {}: the old one is {}, {} ended\n  to drop it later: pgassay restore{} {} "
                "--replace {} --drop-old\n",
                database, printable(done.before), counted(done.sessions, "session"),
                repeated_repository(context.arguments), shell_word(backup.id.shown()),
                printable(shell_word(options.into)));
  return report_restored(context, backup.id, done.restored, true, more);
}

}  // namespace pgassay::cli
