#include "cli/command/run_backup.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/command/resolve.h"
#include "cli/command/run_drill.h"
#include "core/system/cancellation.h"
#include "core/system/exits.h"
#include "source/databases.h"

namespace pgassay::cli {
namespace {

class Run {
 public:
  Run(Context& context, const Repository& repository, const backup::BackupOptions& options)
      : context_(context), repository_(repository), options_(options) {}

  void take(const std::string& database) {
    backup::BackupOptions options = options_;
    options.connection = options.connection.with_database(database);
    std::optional<Backup> backup;
    attempt(database, not_backed_up_,
            [&] { backup = take_and_report(context_, repository_, options, Audience::several); });
    if (!backup || !context_.arguments.backup.drill) return;
    attempt(database, not_proved_, [&] {
      drill_and_report(context_, repository_, *backup,
                       drill_options(context_.arguments, context_.config, options.source), Audience::several);
    });
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
  const Repository& repository_;
  const backup::BackupOptions& options_;
  Exit exit_ = Exit::done;
  std::vector<std::string> not_backed_up_, not_proved_;
};

}  // namespace

Exit back_up_all(Context& context, const Repository& repository, const backup::BackupOptions& options) {
  const std::vector<std::string> databases = source::without_excluded(
      source::list_databases(options.connection, context.stop),
      excluded_databases(context.arguments, context.config, options.source), context.reporter);
  context.reply.set_backups({});
  Run run(context, repository, options);
  for (std::size_t i = 0; i < databases.size(); ++i) {
    context.reporter.message(Level::info,
                             fmt::format("database {} ({} of {})", databases[i], i + 1, databases.size()));
    run.take(databases[i]);
  }
  return run.conclude(databases.size());
}

}  // namespace pgassay::cli
