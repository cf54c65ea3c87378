#include "cli/command/declare.h"
#include "cli/config/config.h"

namespace pgassay::cli {
namespace {

constexpr const char* kPolicy = "Policy (else the configuration's)";

void add_count(CLI::App& command, const char* flag, std::optional<unsigned>& count, unsigned least,
               const char* what) {
  command.add_option(flag, count, what)->option_text("N")->check(CLI::Range(least, kMaxKept))->group(kPolicy);
}

void add_policy(CLI::App& command, PolicyArguments& policy) {
  add_count(command, "--keep-days", policy.keep_days, 0,
            "keep what is at most N days older than the newest verified backup (default 7)");
  add_count(command, "--keep-min", policy.keep_min, 1,
            "keep the newest N that are not known to be bad (default 3)");
  add_count(command, "--keep-daily", policy.keep_daily, 0, "keep one of each of the newest N days");
  add_count(command, "--keep-weekly", policy.keep_weekly, 0, "… weeks (Monday to Sunday, UTC)");
  add_count(command, "--keep-monthly", policy.keep_monthly, 0, "… months");
  add_count(command, "--keep-yearly", policy.keep_yearly, 0, "… years");
  command.add_option("--pin-label", policy.pin_labels, "keep every backup with this label; repeatable")
      ->option_text("LABEL")
      ->allow_extra_args(false)
      ->group(kPolicy);
  command
      .add_option("--max-delete-fraction", policy.max_delete_fraction,
                  "refuse to remove more than this share of a database's backups at once (default 0.5)")
      ->option_text("0..1")
      ->check(CLI::Range(0.0, 1.0))
      ->group(kPolicy);
}

}  // namespace

void declare_prune(CLI::App& app, Arguments& arguments) {
  CLI::App& command =
      add_command(app, "prune", "remove the backups that no rule of the retention policy keeps",
                  "  pgassay prune --dry-run                 which go, which stay, and why\n"
                  "  pgassay prune --source prod\n"
                  "  pgassay prune --source prod --keep-days 14 --keep-monthly 12\n"
                  "  pgassay backup prod || pgassay prune --source prod --after-failed-run\n");
  PruneArguments& prune = arguments.prune;
  add_selection(command, arguments.selection);
  command.add_flag("-n,--dry-run", prune.dry_run, "say what would be done; write nothing");
  command.add_flag("--force", prune.force, "also more than max_delete_fraction at once");
  command.add_flag("--after-failed-run", prune.after_failed_run,
                   "the last backup failed: remove nothing unless keep_min verified backups remain");
  command
      .add_option("--ignore-future", prune.ignore_future,
                  "keep this backup, which is dated in the future, and do not count it; repeatable")
      ->option_text("ID")
      ->allow_extra_args(false);
  add_policy(command, prune.policy);
}

void declare_pin(CLI::App& app, Arguments& arguments) {
  CLI::App& command = add_command(app, "pin", "keep a backup for good: prune never removes it",
                                  "  pgassay pin latest --reason 'before the migration'\n"
                                  "  pgassay pin prod/app/20261123T020000Z\n");
  add_one_id(command, arguments.selection);
  add_selection(command, arguments.selection);
  command.add_option("--reason", arguments.reason, "why, for whoever finds it later")->option_text("TEXT");
}

void declare_unpin(CLI::App& app, Arguments& arguments) {
  CLI::App& command = add_command(app, "unpin", "leave a pinned backup to the retention policy again",
                                  "  pgassay unpin prod/app/20261123T020000Z\n");
  add_one_id(command, arguments.selection);
  add_selection(command, arguments.selection);
}

}  // namespace pgassay::cli
