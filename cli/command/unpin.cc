#include <fmt/format.h>

#include <algorithm>

#include "cli/command/command.h"
#include "cli/command/common.h"
#include "cli/command/retention_policy.h"
#include "core/system/printable.h"

namespace pgassay::cli {
namespace {

Exit run_unpin(Context& context, const Selection& selection) {
  const Repository repository = open_repository(context.arguments, context.config);
  Backup backup = selection.find_in(repository);
  const bool was_pinned = repository.unpin(backup);
  backup.proofs = read_proofs(backup.dir);
  context.reply.set_backup(backup);
  context.reporter.summary(
      fmt::format("{} {}\n", was_pinned ? "unpinned" : "was not pinned:", printable(backup.id.shown())));
  const std::vector<std::string> labels = retention_policy({}, context.config, backup.source()).pin_labels;
  if (backup.summary && std::ranges::find(labels, backup.summary->label) != labels.end()) {
    context.reporter.message(Level::warning,
                             fmt::format("its label '{}' pins it still", backup.summary->label),
                             "pin_labels in the configuration says which labels do");
  }
  return Exit::done;
}

Run declare_unpin(Options& options) {
  const auto selection = std::make_shared<Selection>();
  add_one_id(options, *selection);
  add_selection(options, *selection);
  return [selection](Context& context) { return run_unpin(context, *selection); };
}

}  // namespace

const Command kUnpin = {
    .name = "unpin",
    .what = "leave a pinned backup to the retention policy again",
    .examples = "  pgassay unpin prod/app/20261123T020000Z\n",
    .declare = declare_unpin,
};

}  // namespace pgassay::cli
