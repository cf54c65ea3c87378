#include <fmt/format.h>

#include "backup/backup.h"
#include "cli/command.h"
#include "cli/resolve.h"
#include "cli/run_drill.h"
#include "cli/units.h"

namespace pgassay::cli {
namespace {

std::string summary_text(const Path& dir, const ManifestSummary& backup, const std::vector<LeftOut>& left_out,
                         const std::string& repo) {
  const double seconds = std::chrono::duration<double>(backup.finished - backup.started).count();
  std::string text = fmt::format("backup  {}\n", printable(backup.id.shown()));
  text += fmt::format("path    {}\n", printable(dir.string()));
  text += fmt::format("rows    {} in {}\n", format_count(backup.rows), counted(backup.tables, "table"));
  text += fmt::format("bytes   {} -> {} stored, {} new\n", format_bytes(backup.raw_bytes),
                      format_bytes(backup.stored_bytes), format_bytes(backup.new_bytes));
  text += fmt::format("time    {}\n", format_seconds(seconds));
  for (const LeftOut& one : left_out) {
    text += fmt::format("left out {}: {}\n", printable(one.what), printable(one.why));
  }
  text += fmt::format("prove it: pgassay verify{} {}\n", printable(repo), printable(backup.id.shown()));
  return text;
}

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

Exit run_backup(Context& context) {
  const Path root = repository_path(context.arguments, context.config);
  const BackupOptions options = backup_options(context.arguments, context.config, context.reporter);
  const Repository repository = Repository::open_or_create(root);
  const TakenBackup taken = take_backup(repository, options, context.reporter, context.stop);
  Backup backup;
  backup.id = taken.summary.id;
  backup.dir = taken.dir;
  backup.summary = taken.summary;
  if (options.pin) backup.proofs.pin = Pin{taken.summary.finished, {}};
  const std::vector<LeftOut> left_out = left_out_of(taken.dir, context.reporter);
  context.reply.set_backup(backup);
  context.reply.set_left_out(left_out);
  context.reporter.summary(
      summary_text(taken.dir, taken.summary, left_out, repeated_repository(context.arguments)));
  if (!context.arguments.backup.drill) return Exit::done;
  return drill_and_tell(context, repository, backup,
                        drill_options(context.arguments, context.config, backup.id.source));
}

}  // namespace pgassay::cli
