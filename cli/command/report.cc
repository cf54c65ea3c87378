#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "cli/basics/units.h"
#include "cli/command/command.h"
#include "cli/command/common.h"
#include "cli/command/watch_options.h"
#include "cli/render/html/report.h"
#include "cli/render/json/report.h"
#include "core/repository/identity.h"
#include "core/system/cancellation.h"
#include "core/system/output.h"
#include "core/system/printable.h"

namespace pgassay::cli {
namespace {

struct ReportArguments {
  std::vector<std::string> sources;
  std::optional<std::string> output;
};

std::vector<Proving> provings_of(const std::vector<Backup>& backups, const std::stop_token& stop) {
  std::vector<Proving> provings;
  for (const Backup& backup : backups) {
    throw_if_stopped(stop);
    std::vector<Evidence> all;
    read_proofs(backup.dir, &all);
    for (Evidence& evidence : all) provings.push_back({&backup, std::move(evidence)});
  }
  // An old backup may have been drilled today.
  std::ranges::stable_sort(provings, {}, [](const Proving& one) { return one.evidence.finished; });
  return provings;
}

Exit run_report(Context& context, const ReportArguments& arguments) {
  // stdout belongs to the document where there is one.
  if (context.arguments.json && !arguments.output)
    throw UsageError("--json and the report both want stdout", "give the report a file: --output FILE");
  const Repository repository = open_repository(context.arguments, context.config);
  std::vector<Chapter> chapters;
  for (nightly::Watched& watched : look_closely(context, repository, arguments.sources))
    chapters.push_back({std::move(watched), {}});
  for (Chapter& chapter : chapters) chapter.provings = provings_of(chapter.watched.backups, context.stop);
  const std::string page = report_html(
      chapters, {absolute(repository.root().path()).string(), host_name(), PGASSAY_VERSION, now()});
  if (!arguments.output) {
    write_to_reader(STDOUT_FILENO, as_bytes(page), StopFd(context.stop), "stdout");
    return Exit::done;
  }
  OutputFile file(*arguments.output);
  write_all(file.fd(), as_bytes(page), *arguments.output);
  file.commit();
  std::vector<nightly::DatabaseStatus> databases;
  for (const Chapter& chapter : chapters) databases.push_back(chapter.watched.status);
  set_report(context.reply, *arguments.output, page.size(), databases);
  context.reporter.summary(fmt::format("report of {} written to {}: {}\n",
                                       counted(chapters.size(), "database"), printable(*arguments.output),
                                       format_bytes(page.size())));
  return Exit::done;
}

Run declare_report(Options& options) {
  const auto arguments = std::make_shared<ReportArguments>();
  options.value("-o,--output", &arguments->output, "FILE",
                "a file that appears once it is complete (default: stdout)");
  options.list("--source", arguments->sources, "NAME",
               "only this source (default: all of the configuration and of the repository); repeatable");
  return [arguments](Context& context) { return run_report(context, *arguments); };
}

}  // namespace

const Command kReport = {
    .name = "report",
    .what = "one HTML page: backups and drills over time, sizes, restore times, what is due, what failed",
    .examples =
        "  pgassay report --output /var/www/backups.html    a file that appears once it is complete\n"
        "  pgassay report --source prod > prod.html\n",
    .declare = declare_report,
    .takes_long = false,
};

}  // namespace pgassay::cli
