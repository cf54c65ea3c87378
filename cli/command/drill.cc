#include <fmt/format.h>

#include "cli/command/command.h"
#include "cli/command/resolve.h"
#include "cli/command/run_drill.h"
#include "cli/units.h"

namespace pgassay::cli {
namespace {

Exit collect(Context& context) {
  const Arguments& arguments = context.arguments;
  if (!arguments.selection.ids.empty()) throw UsageError("--gc and an ID exclude each other");
  const std::vector<std::string> gone = drill::collect_garbage(
      drill_options(arguments, context.config, {}).work_dir, context.reporter, context.stop);
  set_collected(context.reply, gone);
  for (const std::string& line : gone) context.reporter.print(printable(line) + "\n");
  if (gone.empty()) context.reporter.summary("nothing was left behind\n");
  return Exit::done;
}

}  // namespace

Exit run_drill(Context& context) {
  const Arguments& arguments = context.arguments;
  if (arguments.drill.gc) return collect(context);
  const Repository repository = Repository::open(repository_path(arguments, context.config));
  const Selection& selection = arguments.selection;
  const std::string id = selection.ids.empty() ? "latest" : selection.ids[0];
  const Backup backup = repository.find(id, {selection.source, selection.database});
  return drill_and_report(context, repository, backup,
                          drill_options(arguments, context.config, backup.id.source), Audience::alone);
}

}  // namespace pgassay::cli
