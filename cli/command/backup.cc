#include "backup/backup.h"
#include "cli/command/command.h"
#include "cli/command/resolve.h"
#include "cli/command/run_backup.h"
#include "cli/command/run_drill.h"
#include "cli/render/text/backup_text.h"

namespace pgassay::cli {

Backup take_and_report(Context& context, const Repository& repository, const backup::BackupOptions& options,
                       Audience among) {
  const backup::TakenBackup taken = take_backup(repository, options, context.reporter, context.stop);
  Backup backup;
  backup.id = taken.summary.id;
  backup.dir = taken.dir;
  backup.summary = taken.summary;
  if (options.pin) backup.proofs.pin = Pin{taken.summary.finished, {}};
  among == Audience::several ? context.reply.add_backup(backup, taken.left_out)
                             : context.reply.set_backup(backup, taken.left_out);
  context.reporter.summary(
      backed_up_text(taken.dir, taken.summary, taken.left_out, repeated_repository(context.arguments)));
  return backup;
}

Exit run_backup(Context& context) {
  const Path root = repository_path(context.arguments, context.config);
  const backup::BackupOptions named = backup_options(context.arguments, context.config, context.reporter);
  const Repository repository = Repository::open_or_create(root);
  const backup::BackupOptions options = backup::with_server(named, context.reporter, context.stop);
  if (all_databases(context.arguments, context.config, options.source))
    return back_up_all(context, repository, options);
  const Backup backup = take_and_report(context, repository, options, Audience::alone);
  if (!context.arguments.backup.drill) return Exit::done;
  return drill_and_report(context, repository, backup,
                          drill_options(context.arguments, context.config, backup.id.source),
                          Audience::alone);
}

}  // namespace pgassay::cli
