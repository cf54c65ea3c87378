#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "cli/command/command.h"
#include "cli/command/resolve.h"
#include "cli/render/html/report.h"
#include "cli/render/json/report.h"
#include "cli/units.h"
#include "core/repository/identity.h"
#include "core/system/cancellation.h"
#include "core/system/output.h"

namespace pgassay::cli {
namespace {

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

/// stdout belongs to the document where there is one.
void check_report(const Arguments& arguments) {
  if (arguments.json && !arguments.report.output)
    throw UsageError("--json and the report both want stdout", "give the report a file: --output FILE");
}

}  // namespace

Exit run_report(Context& context) {
  const ReportArguments& arguments = context.arguments.report;
  check_report(context.arguments);
  const Repository repository = Repository::open(repository_path(context.arguments, context.config));
  std::vector<Chapter> chapters;
  for (Watched& watched : look_closely(context.config, repository, arguments.sources))
    chapters.push_back({std::move(watched), {}});
  for (Chapter& chapter : chapters) chapter.provings = provings_of(chapter.watched.backups, context.stop);
  const std::string page =
      report_html(chapters, {absolute(repository.root()).string(), host_name(), PGASSAY_VERSION, now()});
  if (!arguments.output) {
    write_to_reader(STDOUT_FILENO, as_bytes(page), StopFd(context.stop), "stdout");
    return Exit::done;
  }
  OutputFile file(*arguments.output);
  write_all(file.fd(), as_bytes(page), *arguments.output);
  file.commit();
  set_report(context.reply, *arguments.output, page.size(), chapters);
  context.reporter.summary(fmt::format("report of {} written to {}: {}\n",
                                       counted(chapters.size(), "database"), printable(*arguments.output),
                                       format_bytes(page.size())));
  return Exit::done;
}

}  // namespace pgassay::cli
