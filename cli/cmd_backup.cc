#include "backup/backup.h"
#include "backup/container_source.h"
#include "cli/backup_text.h"
#include "cli/command.h"
#include "cli/resolve.h"
#include "cli/run_backup.h"
#include "cli/run_drill.h"

namespace pgassay::cli {
namespace {

/// The backup is there whatever becomes of this.
std::vector<LeftOut> left_out_of(const Path& dir, Observer& observer) {
  try {
    return read_manifest(dir).left_out;
  } catch (const Error& error) {
    observer.message(Level::warning, error.what(), error.hint());
    return {};
  }
}

}  // namespace

Backup take_and_tell(Context& context, const Repository& repository, const BackupOptions& options,
                     Among among) {
  const TakenBackup taken = take_backup(repository, options, context.reporter, context.stop);
  Backup backup;
  backup.id = taken.summary.id;
  backup.dir = taken.dir;
  backup.summary = taken.summary;
  if (options.pin) backup.proofs.pin = Pin{taken.summary.finished, {}};
  const std::vector<LeftOut> left_out = left_out_of(taken.dir, context.reporter);
  among == Among::several ? context.reply.add_backup(backup, left_out)
                          : context.reply.set_backup(backup, left_out);
  context.reporter.summary(
      backed_up_text(taken.dir, taken.summary, left_out, repeated_repository(context.arguments)));
  return backup;
}

Exit run_backup(Context& context) {
  const Path root = repository_path(context.arguments, context.config);
  BackupOptions options = backup_options(context.arguments, context.config, context.reporter);
  const Repository repository = Repository::open_or_create(root);
  reach_container(options, context.reporter, context.stop);
  if (all_databases(context.arguments, context.config, options.source))
    return back_up_all(context, repository, options);
  const Backup backup = take_and_tell(context, repository, options, Among::alone);
  if (!context.arguments.backup.drill) return Exit::done;
  return drill_and_tell(context, repository, backup,
                        drill_options(context.arguments, context.config, backup.id.source), Among::alone);
}

}  // namespace pgassay::cli
