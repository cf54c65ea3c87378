#include <fmt/format.h>

#include "cli/command/command.h"
#include "cli/command/resolve.h"
#include "cli/render/text/report_text.h"
#include "cli/units.h"
#include "core/system/exits.h"
#include "restore/whole/restore.h"

namespace pgassay::cli {

Exit report_restored(Context& context, const BackupId& id, const restore::RestoreReport& report, bool proved,
                     const std::string& more) {
  Exit exit = report.lost.empty() ? Exit::done : Exit::failed;
  if (proved) exit = worse(exit, exit_of(report.verdict));
  if (!report.lost.empty()) {
    context.reporter.message(
        Level::error, fmt::format("{} could not be restored: {}", counted(report.lost.size(), "object"),
                                  report.lost.front()));
  }
  context.reply.set_restored(id, report);
  const std::string text = restored_text(id, report, proved) + more;
  exit == Exit::done ? context.reporter.summary(text) : context.reporter.print(text);
  return exit;
}

Exit run_restore(Context& context) {
  if (context.arguments.restore.replace) return run_replace(context);
  const restore::RestoreOptions options =
      restore_options(context.arguments, context.config, context.reporter);
  const Repository repository = Repository::open(repository_path(context.arguments, context.config));
  const Selection& selection = context.arguments.selection;
  const Backup backup = repository.find(selection.ids.at(0), {selection.source, selection.database});
  const ReadLease lease = repository.lease(backup);
  const restore::RestoreReport report =
      restore_backup(repository, backup, options, context.reporter, context.stop);
  return report_restored(context, backup.id, report, options.prove);
}

}  // namespace pgassay::cli
