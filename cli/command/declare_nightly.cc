#include "cli/command/declare.h"

namespace pgassay::cli {

void declare_nightly(CLI::App& app, Arguments& arguments) {
  CLI::App& command = add_command(
      app, "nightly", "cron's one line: backup, verify, drill when due, prune, metrics, notifications",
      "  pgassay nightly prod --quiet\n"
      "  pgassay nightly --all --timeout 4h --low-priority\n"
      "  pgassay nightly prod --all-databases        each of the server's, as all_databases = true says, "
      "too\n"
      "  pgassay nightly prod --unless-newer 20h     by an hourly timer: catches up after a missed night\n");
  NightlyArguments& nightly = arguments.nightly;
  CLI::Option* sources =
      command.add_option("SOURCE", nightly.sources, "sources of the configuration")->option_text(" ");
  command.add_flag("--all", nightly.all, "every source of the configuration, one after the other")
      ->excludes(sources);
  command.add_option("--timeout", nightly.timeout, "end a source's run after this long, as 4h")
      ->option_text("TIME");
  command
      .add_option("--unless-newer", nightly.unless_newer,
                  "do nothing while the newest verified backup is younger than this, as 20h")
      ->option_text("TIME");
  add_all_databases(command, arguments.backup);
  command.add_flag("--low-priority", nightly.low_priority,
                   "leave CPU and disk to others first (nice, ionice)");
}

void declare_status(CLI::App& app, Arguments& arguments) {
  CLI::App& command = add_command(
      app, "status", "is every database's newest backup fresh, verified and drilled? The exit status says",
      "  pgassay status\n"
      "  pgassay status prod --nagios                 one line and 0, 1, 2 or 3, as Nagios wants it\n"
      "  pgassay status --metrics /var/lib/prometheus/node-exporter/pgassay.prom\n");
  StatusArguments& status = arguments.status;
  command.add_option("SOURCE", status.sources, "only these sources (default: all of the configuration)")
      ->option_text(" ");
  command.add_flag("--nagios", status.nagios,
                   "one line with performance data; exit status 0 OK, 1 warning, 2 critical, 3 unknown");
  command.add_option("--metrics", status.metrics, "write metrics for Prometheus into FILE, - for stdout")
      ->option_text("FILE");
}

void declare_report(CLI::App& app, Arguments& arguments) {
  CLI::App& command = add_command(
      app, "report",
      "one HTML page: backups and drills over time, sizes, restore times, what is due, what failed",
      "  pgassay report --output /var/www/backups.html    a file that appears once it is complete\n"
      "  pgassay report --source prod > prod.html\n");
  ReportArguments& report = arguments.report;
  command
      .add_option("-o,--output", report.output, "a file that appears once it is complete (default: stdout)")
      ->option_text("FILE");
  command
      .add_option("--source", report.sources,
                  "only this source (default: all of the configuration and of the repository); repeatable")
      ->option_text("NAME")
      ->allow_extra_args(false);
}

void declare_manual(CLI::App& app, Arguments& arguments) {
  CLI::App& command =
      add_command(app, "manual", "write man pages and completions", "  pgassay manual /usr/local/share\n");
  command.group("");
  command.add_option("DIR", arguments.manual.dir, "a share directory")->required();
  command.add_option("--toml", arguments.manual.toml, "the configuration that pgassay.toml(5) shows")
      ->option_text("FILE");
}

}  // namespace pgassay::cli
