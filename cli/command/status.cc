#include <fmt/format.h>

#include <algorithm>

#include "cli/command/command.h"
#include "cli/command/common.h"
#include "cli/command/watch_options.h"
#include "cli/render/json/nightly.h"
#include "cli/render/text/status_text.h"
#include "core/system/exits.h"
#include "core/system/printable.h"
#include "nightly/metrics.h"

namespace pgassay::cli {
namespace {

struct StatusArguments {
  std::vector<std::string> sources;
  bool nagios = false;
  std::optional<double> shrink_alarm;
  std::optional<std::string> metrics;  ///< a file, or "-"
};

Exit exit_of(const std::vector<nightly::DatabaseStatus>& databases) {
  Exit exit = Exit::done;
  for (const nightly::DatabaseStatus& status : databases)
    for (const nightly::Concern& one : status.concerns)
      exit = worse(exit, one.kind == nightly::concern::kBad ? Exit::bad_backup : Exit::refused);
  return exit;
}

std::vector<nightly::DatabaseStatus> look(Context& context, const StatusArguments& arguments) {
  const Repository repository = open_repository(context.arguments, context.config);
  const std::vector<nightly::DatabaseStatus> databases =
      statuses_of(look_closely(context, repository, arguments.sources, arguments.shrink_alarm));
  const auto& metrics = arguments.metrics;
  if (metrics && *metrics != "-") write_metrics(*metrics, databases, repository);
  if (metrics && *metrics == "-")
    context.reporter.print(metrics_text(databases, free_bytes(repository.root()), now()));
  return databases;
}

/// Nagios' exit statuses are its own; it reads stdout, and takes what is none of 0, 1 and 2 for unknown.
Exit answer_nagios(Context& context, const StatusArguments& arguments) {
  constexpr int kUnknown = static_cast<int>(nightly::Health::unknown);
  try {
    const std::vector<nightly::DatabaseStatus> databases = look(context, arguments);
    context.reporter.print(nagios_text(databases));
    set_status(context.reply, databases);
    int worst = databases.empty() ? kUnknown : 0;
    for (const nightly::DatabaseStatus& status : databases)
      worst = std::max(worst, static_cast<int>(status.health()));
    return static_cast<Exit>(worst);
  } catch (const Error& error) {
    error.raise_if(ErrorKind::stopped);
    context.reporter.print(fmt::format("PGASSAY UNKNOWN - {}\n", printable(error.what())));
    return static_cast<Exit>(kUnknown);
  }
}

Exit run_status(Context& context, const StatusArguments& arguments) {
  if (arguments.nagios && arguments.metrics == "-")
    throw UsageError("--nagios and --metrics - both want stdout", "give --metrics a file");
  if (arguments.nagios) return answer_nagios(context, arguments);
  const std::vector<nightly::DatabaseStatus> databases = look(context, arguments);
  set_status(context.reply, databases);
  const Exit exit = exit_of(databases);
  if (arguments.metrics != "-") {
    const std::string text = status_text(databases);
    exit == Exit::done ? context.reporter.summary(text) : context.reporter.print(text);
  }
  return exit;
}

Run declare_status(Options& options) {
  const auto arguments = std::make_shared<StatusArguments>();
  options.argument("SOURCE", &arguments->sources, "only these sources (default: all of the configuration)");
  options.flag("--nagios", arguments->nagios,
               "one line with performance data; exit status 0 OK, 1 warning, 2 critical, 3 unknown");
  options.value("--metrics", &arguments->metrics, "FILE",
                "write metrics for Prometheus into FILE, - for stdout");
  add_shrink_alarm(options, arguments->shrink_alarm);
  return [arguments](Context& context) { return run_status(context, *arguments); };
}

}  // namespace

const Command kStatus = {
    .name = "status",
    .what = "is every database's newest backup fresh, verified and drilled? The exit status says",
    .examples =
        "  pgassay status\n"
        "  pgassay status prod --nagios                 one line and 0, 1, 2 or 3, as Nagios wants it\n"
        "  pgassay status --metrics /var/lib/prometheus/node-exporter/pgassay.prom\n",
    .declare = declare_status,
    .takes_long = false,
};

}  // namespace pgassay::cli
