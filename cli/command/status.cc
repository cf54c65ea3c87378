#include <fmt/format.h>

#include <algorithm>

#include "cli/command/command.h"
#include "cli/command/resolve.h"
#include "cli/watch.h"
#include "core/system/exits.h"
#include "nightly/metrics.h"

namespace pgassay::cli {
namespace {

Exit exit_of(const std::vector<nightly::DatabaseStatus>& databases) {
  Exit exit = Exit::done;
  for (const nightly::DatabaseStatus& status : databases)
    for (const nightly::Concern& one : status.concerns)
      exit = worse(exit, one.kind == nightly::concern::kBad ? Exit::bad_backup : Exit::refused);
  return exit;
}

std::vector<nightly::DatabaseStatus> look(Context& context) {
  const Repository repository = Repository::open(repository_path(context.arguments, context.config));
  const std::vector<nightly::DatabaseStatus> databases =
      look_around(context.config, repository, context.arguments.status.sources);
  const auto& metrics = context.arguments.status.metrics;
  if (metrics && *metrics != "-") write_metrics(*metrics, databases, repository);
  if (metrics && *metrics == "-")
    context.reporter.print(metrics_text(databases, free_bytes(repository.root()), now()));
  return databases;
}

/// Nagios' exit statuses are its own; it reads stdout, and takes what is none of 0, 1 and 2 for unknown.
Exit answer_nagios(Context& context) {
  constexpr int kUnknown = static_cast<int>(nightly::Health::unknown);
  try {
    const std::vector<nightly::DatabaseStatus> databases = look(context);
    context.reporter.print(nagios_text(databases));
    set_status(context.reply, databases);
    int worst = databases.empty() ? kUnknown : 0;
    for (const nightly::DatabaseStatus& status : databases)
      worst = std::max(worst, static_cast<int>(status.health()));
    return static_cast<Exit>(worst);
  } catch (const Error& error) {
    error.raise_if(ErrorKind::stopped);
    context.reporter.print(fmt::format("PGASSAY UNKNOWN - {}\n", error.what()));
    return static_cast<Exit>(kUnknown);
  }
}

}  // namespace

Exit run_status(Context& context) {
  const StatusArguments& arguments = context.arguments.status;
  if (arguments.nagios && arguments.metrics == "-")
    throw UsageError("--nagios and --metrics - both want stdout", "give --metrics a file");
  if (arguments.nagios) return answer_nagios(context);
  const std::vector<nightly::DatabaseStatus> databases = look(context);
  set_status(context.reply, databases);
  const Exit exit = exit_of(databases);
  if (arguments.metrics != "-") {
    const std::string text = status_text(databases);
    exit == Exit::done ? context.reporter.summary(text) : context.reporter.print(text);
  }
  return exit;
}

}  // namespace pgassay::cli
