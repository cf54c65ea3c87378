#include "restore/whole/restore.h"

#include <fmt/format.h>

#include "cli/basics/units.h"
#include "cli/command/command.h"
#include "cli/command/read_repository.h"
#include "cli/command/restore_all.h"
#include "cli/command/restore_options.h"
#include "cli/render/json/replace.h"
#include "cli/render/text/report_text.h"
#include "core/system/exits.h"
#include "core/system/printable.h"
#include "restore/whole/replace.h"

namespace pgassay::cli {
namespace {

/// Reports what came of a restore and says the exit status; `more` follows the text.
Exit report_restored(Context& context, const BackupId& id, const restore::RestoreReport& report, bool proved,
                     const std::string& more = {}) {
  Exit exit = report.lost.empty() ? Exit::done : Exit::failed;
  if (proved) exit = worse(exit, exit_of(report.verdict));
  if (!report.lost.empty()) {
    context.reporter.message(
        Level::error, fmt::format("{} could not be restored: {}", counted(report.lost.size(), "object"),
                                  report.lost.front().text));
  }
  context.reply.set_restored(id, report);
  const std::string text = restored_text(id, report, proved) + more;
  exit == Exit::done ? context.reporter.summary(text) : context.reporter.print(text);
  return exit;
}

/// --replace DB --drop-old.
Exit drop_old(Context& context, const Backup& backup, const restore::IntoEmpty& options) {
  const std::string dropped = drop_old_database(backup, options, context.stop);
  set_dropped(context.reply, options.into, dropped);
  context.reporter.summary(
      fmt::format("dropped database {}; {} stays\n", printable(dropped), printable(options.into)));
  return Exit::done;
}

/// " -d CONN" as it was given; nothing where it would show a password.
std::string repeated_connection(const RestoreArguments& arguments) {
  if (!arguments.dbname) return {};
  const auto parameters = ConnInfo::parse(*arguments.dbname).parameters;
  if (parameters.contains("password") || parameters.contains("sslpassword")) return {};
  return " -d " + shell_word(*arguments.dbname);
}

/// --replace DB.
Exit replace(Context& context, const Repository& repository, const Backup& backup,
             const restore::IntoEmpty& options, const RestoreArguments& arguments) {
  const restore::Replaced done =
      replace_database(repository, backup, options, context.reporter, context.stop);
  set_replaced(context.reply, options.into, done);
  const std::string database = printable(options.into);
  const std::string more =
      done.before.empty()
          ? fmt::format("NOT REPLACED: {} is as it was; the copy is {}\n", database, printable(done.beside))
          : fmt::format(
                "replaced {}: the old one is {}, {} ended\n  to drop it later: pgassay restore{}{} "
                "{} --replace {} --drop-old\n",
                database, printable(done.before), counted(done.sessions, "session"),
                repeated_repository(context.arguments), printable(repeated_connection(arguments)),
                shell_word(backup.id.shown()), printable(shell_word(options.into)));
  return report_restored(context, backup.id, done.restored, true, more);
}

Exit run_restore(Context& context, const RestoreArguments& arguments) {
  if (arguments.all) return restore_all(context, arguments);
  if (arguments.selection.ids.empty())
    throw UsageError("which backup?",
                     "an ID, as list shows it, or latest; --all: the newest of every database");
  restore::RestoreRequest request = restore_request(arguments, context.config, context.reporter);
  const ReadRepository place(arguments.store, arguments.selection, context);
  const Repository& repository = place.get();
  const Backup backup = arguments.selection.find_in(repository);
  context_of(request).accepted = accepted_of(context.config, backup.source(), arguments.accept);
  if (arguments.replace) {
    const auto& options = std::get<restore::IntoEmpty>(request);
    return arguments.drop_old ? drop_old(context, backup, options)
                              : replace(context, repository, backup, options, arguments);
  }
  const ReadLease lease = repository.lease(backup);
  const restore::RestoreReport report =
      restore_backup(repository, backup, request, context.reporter, context.stop);
  return report_restored(context, backup.id, report, context_of(request).prove);
}

Run declare_restore(Options& options) {
  const auto arguments = std::make_shared<RestoreArguments>();
  add_restore(options, *arguments);
  return [arguments](Context& context) { return run_restore(context, *arguments); };
}

}  // namespace

const Command kRestore = {
    .name = "restore",
    .what = "bring a backup back into an empty database, and prove it",
    .examples =
        "  pgassay restore latest --create                       under its own name\n"
        "  pgassay restore latest --create --into app_copy\n"
        "  pgassay restore prod/app/20261123T020000Z -d 'host=db2 user=postgres' --into app\n"
        "  pgassay restore latest --create --resume              after an interruption\n"
        "  pgassay restore latest --replace app                  app is live; it stays as app_before_ID\n"
        "  pgassay restore ID --replace app --drop-old           later: only drops app_before_ID\n"
        "  pgassay restore latest -d app --table public.orders   where it was dropped\n"
        "  pgassay restore latest -d app --table public.orders --as orders_before\n"
        "  pgassay restore latest --create --store s3://backups/recyclic --identity recovery.key\n"
        "  pgassay restore latest --create --into some --table 'public.order*'\n"
        "  pgassay restore --all --store s3://backups/recyclic --identity recovery.key    a whole server\n",
    .declare = declare_restore,
};

}  // namespace pgassay::cli
