#include "backup/backup.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/command/backup_options.h"
#include "cli/command/command.h"
#include "cli/command/common.h"
#include "cli/command/run_drill.h"
#include "cli/render/text/backup_text.h"
#include "core/system/cancellation.h"
#include "core/system/exits.h"
#include "source/databases.h"
#include "stack/switch/state.h"

namespace pgassay::cli {
namespace {

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
  context.reporter.summary(backed_up_text(taken.dir, taken.summary, taken.left_out, taken.tools_said,
                                          repeated_repository(context.arguments)));
  return backup;
}

/// A backup of each of several databases.
class Series {
 public:
  Series(Context& context, const BackupArguments& arguments, const Repository& repository,
         const backup::BackupOptions& options)
      : context_(context), arguments_(arguments), repository_(repository), options_(options) {}

  void take(const std::string& database) {
    backup::BackupOptions options = options_;
    options.connection = options.connection.with_database(database);
    std::optional<Backup> backup;
    attempt(database, not_backed_up_,
            [&] { backup = take_and_report(context_, repository_, options, Audience::several); });
    if (!backup || !arguments_.drill) return;
    attempt(database, not_proved_, [&] {
      drill_and_report(context_, repository_, *backup,
                       with_image_of_source(context_, arguments_, options.source,
                                            drill_options(context_.config, options.source)),
                       Audience::several);
    });
  }

  /// One that has backups and is out of reach.
  void miss(const source::LeftAside& one) {
    tell(one.database, one.why, one.hint, Exit::refused);
    not_backed_up_.push_back(one.database);
  }

  /// `databases`: how many there were to take.
  Exit conclude(std::size_t databases) const {
    if (exit_ == Exit::done) return exit_;
    std::string what;
    if (!not_backed_up_.empty())
      what = fmt::format("{} of {} databases not backed up: {}", not_backed_up_.size(), databases,
                         fmt::join(not_backed_up_, ", "));
    if (!not_proved_.empty())
      what += fmt::format("{}backed up, but not proved by its drill: {}", what.empty() ? "" : "; ",
                          fmt::join(not_proved_, ", "));
    throw Error(what,
                not_backed_up_.size() == databases
                    ? "each reason is told above"
                    : "each reason is told above; the other databases are done",
                exit_);
  }

 private:
  template <typename Body>
  void attempt(const std::string& database, std::vector<std::string>& failed, Body body) {
    try {
      return body();
    } catch (const Error& error) {
      error.raise_if(ErrorKind::stopped);
      tell(database, error.what(), error.hint(), error.exit());
    } catch (const std::exception& error) {
      tell(database, error.what(), {}, Exit::failed);
    }
    failed.push_back(database);
  }
  void tell(const std::string& database, const std::string& what, const std::string& hint, Exit exit) {
    throw_if_stopped(context_.stop);  // whatever failed after the signal failed because of it
    context_.reporter.message(Level::error, "database " + database + ": " + what, hint);
    exit_ = worse(exit_, exit);
  }

  Context& context_;
  const BackupArguments& arguments_;
  const Repository& repository_;
  const backup::BackupOptions& options_;
  Exit exit_ = Exit::done;
  std::vector<std::string> not_backed_up_, not_proved_;
};

/// One after the other, each with its drill where that is asked for. What fails of one keeps none of the
/// others back; at the end it is thrown as one Error with the worst exit status.
Exit back_up_all(Context& context, const BackupArguments& arguments, const Repository& repository,
                 const backup::BackupOptions& options) {
  const std::vector<std::string> excluded = excluded_databases(arguments, context.config, options.source);
  const source::DatabaseList list = source::without_excluded(
      source::list_databases(options.connection, context.stop), excluded, context.reporter);
  const std::vector<std::string>& databases = list.open;
  context.reply.set_backups({});
  Series series(context, arguments, repository, options);
  for (std::size_t i = 0; i < databases.size(); ++i) {
    context.reporter.message(Level::info,
                             fmt::format("database {} ({} of {})", databases[i], i + 1, databases.size()));
    series.take(databases[i]);
  }
  const std::vector<source::LeftAside> missing = out_of_reach(list, excluded, repository, options.source);
  for (const source::LeftAside& one : missing) series.miss(one);
  return series.conclude(databases.size() + missing.size());
}

Exit run_backup(Context& context, const BackupArguments& arguments) {
  const Path root = repository_path(context.arguments, context.config);
  backup::BackupOptions named =
      backup_options(arguments, context.arguments, context.config, context.reporter);
  const Repository repository = Repository::open_or_create(root);
  named.container.retired = stack::retired_containers(repository);
  backup::BackupOptions options = backup::with_server(named, context.reporter, context.stop);
  options.same_servers = stack::servers_of_switches(repository, options.source);
  if (all_databases(arguments, context.config, options.source))
    return back_up_all(context, arguments, repository, options);
  const Backup backup = take_and_report(context, repository, options, Audience::alone);
  if (!arguments.drill) return Exit::done;
  const std::string& source = backup.source();
  return drill_and_report(
      context, repository, backup,
      with_image_of_source(context, arguments, source, drill_options(context.config, source)),
      Audience::alone);
}

Run declare_backup(Options& options) {
  const auto arguments = std::make_shared<BackupArguments>();
  add_backup(options, *arguments);
  return [arguments](Context& context) { return run_backup(context, *arguments); };
}

}  // namespace

const Command kBackup = {
    .name = "backup",
    .what = "take a backup of one database, or of each of a server",
    .examples =
        "  pgassay backup prod                          a source of the configuration\n"
        "  pgassay backup --repo /var/backups/pg -d app  a local database\n"
        "  pgassay backup -d 'host=db1 user=backup dbname=app' --source db1 -j4\n"
        "  pgassay backup --container shop-db-1          a server in a container of docker or podman\n"
        "  pgassay backup prod --label before-migration --pin\n"
        "  pgassay backup prod --drill                  and restore it into a throwaway server\n"
        "  pgassay backup prod --all-databases          each by itself; the worst status counts\n",
    .declare = declare_backup,
};

}  // namespace pgassay::cli
