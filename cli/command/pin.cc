#include <fmt/format.h>

#include "cli/command/command.h"
#include "cli/command/common.h"
#include "core/system/printable.h"

namespace pgassay::cli {
namespace {

struct PinArguments {
  Selection selection;
  std::optional<std::string> reason;
};

Exit run_pin(Context& context, const PinArguments& arguments) {
  const Repository repository = open_repository(context.arguments, context.config);
  Backup backup = arguments.selection.find_in(repository);
  repository.pin(backup, arguments.reason.value_or(""));
  backup.proofs = read_proofs(backup.dir);
  context.reply.set_backup(backup);
  context.reporter.summary(fmt::format("pinned {}\n", printable(backup.id.shown())));
  return Exit::done;
}

Run declare_pin(Options& options) {
  const auto arguments = std::make_shared<PinArguments>();
  add_one_id(options, arguments->selection);
  add_selection(options, arguments->selection);
  options.value("--reason", &arguments->reason, "TEXT", "why, for whoever finds it later");
  return [arguments](Context& context) { return run_pin(context, *arguments); };
}

}  // namespace

const Command kPin = {
    .name = "pin",
    .what = "keep a backup for good: prune never removes it",
    .examples =
        "  pgassay pin latest --reason 'before the migration'\n"
        "  pgassay pin prod/app/20261123T020000Z\n",
    .declare = declare_pin,
};

}  // namespace pgassay::cli
