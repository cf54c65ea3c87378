#include <fmt/format.h>

#include "backup/backup.h"
#include "backup/databases.h"
#include "cli/backup_text.h"
#include "cli/command.h"
#include "cli/exits.h"
#include "cli/resolve.h"

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

/// Of several, what there is to say of each is in the document at the end.
struct Taken {
  std::vector<Backup> backups;
  std::vector<LeftOut> left_out;
};

void take_one(Context& context, const Repository& repository, const BackupOptions& options, Taken& all) {
  const TakenBackup taken = take_backup(repository, options, context.reporter, context.stop);
  Backup backup;
  backup.id = taken.summary.id;
  backup.dir = taken.dir;
  backup.summary = taken.summary;
  if (options.pin) backup.proofs.pin = Pin{taken.summary.finished, {}};
  const std::vector<LeftOut> left_out = left_out_of(taken.dir, context.reporter);
  context.reporter.summary(
      backed_up_text(taken.dir, taken.summary, left_out, repeated_repository(context.arguments)));
  all.backups.push_back(std::move(backup));
  all.left_out.insert(all.left_out.end(), left_out.begin(), left_out.end());
}

/// One database that fails keeps none of the others from being backed up.
Exit take_all(Context& context, const Repository& repository, BackupOptions options) {
  Taken taken;
  Exit exit = Exit::done;
  std::string failed;
  const ConnInfo server = options.connection;
  for (const std::string& database : list_databases(server, context.stop)) {
    options.connection = server.with_database(database);
    try {
      take_one(context, repository, options, taken);
    } catch (const Stopped&) {
      throw;
    } catch (const Error& error) {
      context.reporter.message(Level::error, "database " + database + ": " + error.what(), error.hint());
      failed += (failed.empty() ? "" : ", ") + database;
      exit = worse(exit, error.exit());
    }
    context.reply.set_backups(taken.backups);
    context.reply.set_left_out(taken.left_out);
  }
  if (!failed.empty())
    throw Error("not backed up: " + failed, "each reason is told above; the other databases are backed up",
                exit);
  return exit;
}

}  // namespace

Exit run_backup(Context& context) {
  const Path root = repository_path(context.arguments, context.config);
  const BackupOptions options = backup_options(context.arguments, context.config, context.reporter);
  const Repository repository = Repository::open_or_create(root);
  if (context.arguments.backup.all_databases) return take_all(context, repository, options);
  Taken taken;
  take_one(context, repository, options, taken);
  context.reply.set_backup(taken.backups.front());
  context.reply.set_left_out(taken.left_out);
  return Exit::done;
}

}  // namespace pgassay::cli
