#include <fmt/format.h>

#include "cli/command/command.h"
#include "cli/command/common.h"
#include "cli/command/retention_policy.h"
#include "cli/render/json/prune.h"
#include "cli/render/text/report_text.h"
#include "core/system/cancellation.h"
#include "core/system/exits.h"
#include "retention/prune.h"

namespace pgassay::cli {
namespace {

struct PruneArguments {
  Selection selection;
  RetentionConfig policy;  ///< overrides the policy of every source that is pruned
  std::vector<std::string> pin_labels, ignore_future;
  bool dry_run = false, force = false, after_failed_run = false;
};

constexpr const char* kPolicy = "Policy (else the configuration's)";

void add_count(Options& options, const char* flag, std::optional<unsigned>& count, unsigned least,
               const char* what) {
  options.value(flag, &count, "N", what).range(least, kMaxKept).heading(kPolicy);
}

void add_policy(Options& options, PruneArguments& arguments) {
  RetentionConfig& policy = arguments.policy;
  add_count(options, "--keep-days", policy.keep_days, 0,
            "keep what is at most N days older than the newest verified backup (default 7)");
  add_count(options, "--keep-min", policy.keep_min, 1,
            "keep the newest N that are not known to be bad (default 3)");
  add_count(options, "--keep-daily", policy.keep_daily, 0, "keep one of each of the newest N days");
  add_count(options, "--keep-weekly", policy.keep_weekly, 0, "… weeks (Monday to Sunday, UTC)");
  add_count(options, "--keep-monthly", policy.keep_monthly, 0, "… months");
  add_count(options, "--keep-yearly", policy.keep_yearly, 0, "… years");
  options.list("--pin-label", arguments.pin_labels, "LABEL", "keep every backup with this label; repeatable")
      .heading(kPolicy);
  options
      .value("--max-delete-fraction", &policy.max_delete_fraction, "0..1",
             "refuse to remove more than this share of a database's backups at once (default 0.5)")
      .range(0.0, 1.0)
      .heading(kPolicy);
  add_shrink_alarm(options, policy.shrink_alarm).heading(kPolicy);
}

/// --ignore-future names backups of any database, which are looked up here.
retention::PruneOptions options_of(const PruneArguments& arguments, const Config& config,
                                   const std::string& source, const Repository& repository) {
  RetentionConfig flags = arguments.policy;
  flags.pin_labels = arguments.pin_labels;
  retention::PruneOptions options;
  options.policy = retention_policy(flags, config, source);
  options.after_failed_run = arguments.after_failed_run;
  options.force = arguments.force;
  options.dry_run = arguments.dry_run;
  for (const std::string& id : arguments.ignore_future) {
    options.ignore_future.push_back(repository.find(id, arguments.selection.filter()).id);
  }
  return options;
}

std::vector<retention::DatabaseName> selected(Context& context, const Selection& selection,
                                              const Repository& repository) {
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

Exit run_prune(Context& context, const PruneArguments& arguments) {
  const Repository repository = open_repository(context.arguments, context.config);
  const bool dry_run = arguments.dry_run;
  std::vector<retention::PruneReport> reports;
  for (const retention::DatabaseName& database : selected(context, arguments.selection, repository)) {
    throw_if_stopped(context.stop);
    const retention::PruneOptions options =
        options_of(arguments, context.config, database.source, repository);
    reports.push_back(prune(repository, database, options, now(), context.reporter, context.stop));
    report_unreadable(reports.back(), context.reporter);
  }
  set_pruned(context.reply, reports);
  const std::string text = pruned_text(reports, dry_run);
  dry_run ? context.reporter.print(text) : context.reporter.summary(text);
  conclude(reports, context.reporter);
  return Exit::done;
}

Run declare_prune(Options& options) {
  const auto arguments = std::make_shared<PruneArguments>();
  add_selection(options, arguments->selection);
  options.flag("-n,--dry-run", arguments->dry_run, "say what would be done; write nothing");
  options.flag("--force", arguments->force, "also more than max_delete_fraction at once");
  options.flag("--after-failed-run", arguments->after_failed_run,
               "the last backup failed: remove nothing unless keep_min verified backups remain");
  options.list("--ignore-future", arguments->ignore_future, "ID",
               "keep this backup, which is dated in the future, and do not count it; repeatable");
  add_policy(options, *arguments);
  return [arguments](Context& context) { return run_prune(context, *arguments); };
}

}  // namespace

const Command kPrune = {
    .name = "prune",
    .what = "remove the backups that no rule of the retention policy keeps",
    .examples =
        "  pgassay prune --dry-run                 which go, which stay, and why\n"
        "  pgassay prune --source prod\n"
        "  pgassay prune --source prod --keep-days 14 --keep-monthly 12\n"
        "  pgassay backup prod || pgassay prune --source prod --after-failed-run\n",
    .declare = declare_prune,
};

}  // namespace pgassay::cli
