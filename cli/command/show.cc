#include "cli/command/command.h"
#include "cli/command/common.h"
#include "cli/command/read_repository.h"
#include "cli/render/text/report_text.h"

namespace pgassay::cli {
namespace {

struct ShowArguments {
  Selection selection;
  bool all_tables = false;
  StoreArguments store;
};

Exit run_show(Context& context, const ShowArguments& arguments) {
  const ReadRepository place(arguments.store, arguments.selection, context);
  const Repository& repository = place.get();
  const Backup backup = arguments.selection.find_in(repository);
  const ReadLease lease = repository.lease(backup);
  context.reply.set_backup(backup);
  const Manifest manifest = read_manifest(backup.dir);
  const std::size_t largest = arguments.all_tables ? 0 : kLargestShown;
  context.reply.set_details(manifest, largest);
  context.reporter.print(show_text(backup, manifest, largest));
  return Exit::done;
}

Run declare_show(Options& options) {
  const auto arguments = std::make_shared<ShowArguments>();
  add_optional_id(options, arguments->selection).expected(0, 1);
  add_selection(options, arguments->selection);
  add_store_to_read(options, arguments->store);
  options.flag("--tables", arguments->all_tables, "every table, not just the largest");
  return [arguments](Context& context) { return run_show(context, *arguments); };
}

}  // namespace

const Command kShow = {
    .name = "show",
    .what = "all about one backup",
    .examples =
        "  pgassay show                                  the latest backup, where there is one database\n"
        "  pgassay show prod/app/20261123T020000Z --tables\n",
    .declare = declare_show,
    .takes_long = false,
};

}  // namespace pgassay::cli
