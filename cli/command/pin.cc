#include <fmt/format.h>

#include <algorithm>

#include "cli/command/command.h"
#include "cli/command/resolve.h"
#include "cli/command/resolve_retention.h"
#include "cli/units.h"

namespace pgassay::cli {
namespace {

Backup chosen(const Context& context, const Repository& repository) {
  const Selection& selection = context.arguments.selection;
  return repository.find(selection.ids.at(0), {selection.source, selection.database});
}

}  // namespace

Exit run_pin(Context& context) {
  const Repository repository = Repository::open(repository_path(context.arguments, context.config));
  Backup backup = chosen(context, repository);
  repository.pin(backup, context.arguments.reason.value_or(""));
  backup.proofs = read_proofs(backup.dir);
  context.reply.set_backup(backup);
  context.reporter.summary(fmt::format("pinned {}\n", printable(backup.id.shown())));
  return Exit::done;
}

Exit run_unpin(Context& context) {
  const Repository repository = Repository::open(repository_path(context.arguments, context.config));
  Backup backup = chosen(context, repository);
  const bool was_pinned = repository.unpin(backup);
  backup.proofs = read_proofs(backup.dir);
  context.reply.set_backup(backup);
  context.reporter.summary(
      fmt::format("{} {}\n", was_pinned ? "unpinned" : "was not pinned:", printable(backup.id.shown())));
  const std::vector<std::string> labels = retention_policy({}, context.config, backup.id.source).pin_labels;
  if (backup.summary && std::ranges::find(labels, backup.summary->label) != labels.end()) {
    context.reporter.message(Level::warning,
                             fmt::format("its label '{}' pins it still", backup.summary->label),
                             "pin_labels in the configuration says which labels do");
  }
  return Exit::done;
}

}  // namespace pgassay::cli
