#include "cli/command/command.h"
#include "cli/command/resolve.h"
#include "cli/render/text/report_text.h"

namespace pgassay::cli {

Exit run_show(Context& context) {
  const Repository repository = Repository::open(repository_path(context.arguments, context.config));
  const Selection& selection = context.arguments.selection;
  const Backup backup = repository.find(selection.ids.at(0), {selection.source, selection.database});
  const ReadLease lease = repository.lease(backup);
  context.reply.set_backup(backup);
  const Manifest manifest = read_manifest(backup.dir);
  const std::size_t largest = context.arguments.all_tables ? 0 : kLargestShown;
  context.reply.set_details(manifest, largest);
  context.reporter.print(show_text(backup, manifest, largest));
  return Exit::done;
}

}  // namespace pgassay::cli
