#include <fmt/format.h>

#include "cli/command/command.h"
#include "cli/command/common.h"
#include "core/system/printable.h"

namespace pgassay::cli {
namespace {

struct AcceptArguments {
  Selection selection;
  std::optional<std::string> reason;
};

Exit run_accept(Context& context, const AcceptArguments& arguments) {
  const Repository repository = open_repository(context.arguments, context.config);
  Backup backup = arguments.selection.find_in(repository);
  repository.accept(backup, arguments.reason.value_or(""));
  backup.proofs = read_proofs(backup.dir);
  context.reply.set_backup(backup);
  context.reporter.summary(
      fmt::format("accepted {}: the next ones are measured by it\n", printable(backup.id.shown())));
  return Exit::done;
}

Run declare_accept(Options& options) {
  const auto arguments = std::make_shared<AcceptArguments>();
  add_one_id(options, arguments->selection);
  add_selection(options, arguments->selection);
  options.value("--reason", &arguments->reason, "TEXT", "why, for whoever finds it later");
  return [arguments](Context& context) { return run_accept(context, *arguments); };
}

}  // namespace

const Command kAccept = {
    .name = "accept",
    .what =
        "a backup that holds far less than the one before is as it should be: ends the alarm of nightly and "
        "status",
    .examples =
        "  pgassay accept latest --database app --reason 'the archive moved to its own server'\n"
        "  pgassay accept prod/app/20261123T020000Z\n",
    .declare = declare_accept,
};

}  // namespace pgassay::cli
