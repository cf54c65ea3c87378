#include "cli/command/command.h"
#include "cli/command/common.h"
#include "cli/render/text/report_text.h"

namespace pgassay::cli {
namespace {

struct ShowArguments {
  Selection selection;
  bool all_tables = false;
};

Exit run(Context& context, const ShowArguments& arguments) {
  const Repository repository = open_repository(context.arguments, context.config);
  const Backup backup = arguments.selection.find_in(repository);
  const ReadLease lease = repository.lease(backup);
  context.reply.set_backup(backup);
  const Manifest manifest = read_manifest(backup.dir);
  const std::size_t largest = arguments.all_tables ? 0 : kLargestShown;
  context.reply.set_details(manifest, largest);
  context.reporter.print(show_text(backup, manifest, largest));
  return Exit::done;
}

Run declare(Options& options) {
  const auto arguments = std::make_shared<ShowArguments>();
  add_one_id(options, arguments->selection);
  add_selection(options, arguments->selection);
  options.flag("--tables", arguments->all_tables, "every table, not just the largest");
  return [arguments](Context& context) { return run(context, *arguments); };
}

}  // namespace

const Command kShow = {
    .name = "show",
    .what = "all about one backup",
    .examples =
        "  pgassay show latest\n"
        "  pgassay show prod/app/20261123T020000Z --tables\n",
    .declare = declare,
    .takes_long = false,
};

}  // namespace pgassay::cli
