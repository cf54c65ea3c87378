#include <fmt/format.h>

#include "cli/command/command.h"
#include "cli/command/resolve.h"
#include "cli/command/resolve_retention.h"
#include "cli/render/json/prune.h"
#include "cli/render/text/report_text.h"
#include "cli/units.h"
#include "core/system/cancellation.h"
#include "core/system/exits.h"

namespace pgassay::cli {
namespace {

std::vector<retention::DatabaseName> selected(Context& context, const Repository& repository) {
  const Selection& selection = context.arguments.selection;
  std::vector<Path> foreign;
  std::vector<retention::DatabaseName> databases =
      retention::databases_in(repository, {selection.source, selection.database}, &foreign);
  for (const Path& path : foreign) {
    context.reporter.message(Level::warning, fmt::format("not a backup, left alone: {}", path.string()));
  }
  if (databases.empty() && (!selection.source.empty() || !selection.database.empty()))
    throw UsageError("no such backups in " + repository.root().string(), "pgassay list shows what there is");
  return databases;
}

void report_unreadable(const retention::PruneReport& report, Observer& observer) {
  for (const retention::PrunedBackup& one : report.backups) {
    const std::string id = one.backup.id.shown();
    if (one.decision.rule == retention::Rule::unreadable) {
      observer.message(Level::warning, id + " is unreadable, kept and not counted: " + one.backup.problem,
                       "pgassay verify says what is wrong; if it is of no use, rm -r its directory");
    } else if (one.decision.rule == retention::Rule::unreadable_evidence) {
      observer.message(Level::warning, id + " is kept: its evidence is unreadable: " + one.decision.detail);
    }
  }
}

/// The last word is one error; of several databases' all are told.
void conclude(const std::vector<retention::PruneReport>& reports, Observer& observer) {
  std::vector<Error> problems;
  Exit exit = Exit::done;
  for (const retention::PruneReport& report : reports) {
    if (!report.problem) continue;
    problems.push_back(*report.problem);
    exit = worse(exit, report.problem->exit());
  }
  if (problems.empty()) return;
  if (problems.size() == 1) throw problems.front();
  for (const Error& problem : problems) observer.message(Level::error, problem.what(), problem.hint());
  throw Error(
      fmt::format("{} of {} databases were not pruned as they should be", problems.size(), reports.size()),
      {}, exit);
}

}  // namespace

Exit run_prune(Context& context) {
  const Repository repository = Repository::open(repository_path(context.arguments, context.config));
  const bool dry_run = context.arguments.prune.dry_run;
  std::vector<retention::PruneReport> reports;
  for (const retention::DatabaseName& database : selected(context, repository)) {
    throw_if_stopped(context.stop);
    const retention::PruneOptions options =
        prune_options(context.arguments, context.config, database.source, repository);
    reports.push_back(prune(repository, database, options, now(), context.reporter, context.stop));
    report_unreadable(reports.back(), context.reporter);
  }
  set_pruned(context.reply, reports);
  const std::string text = pruned_text(reports, dry_run);
  dry_run ? context.reporter.print(text) : context.reporter.summary(text);
  conclude(reports, context.reporter);
  return Exit::done;
}

}  // namespace pgassay::cli
