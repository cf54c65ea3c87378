#include "store/pull.h"

#include <fmt/format.h>

#include "cli/command/store_options.h"
#include "core/system/printable.h"

namespace pgassay::cli {
namespace {

struct PullArguments {
  Selection selection;
  StoreArguments store;
  std::optional<unsigned> jobs;
};

Exit run_pull(Context& context, const PullArguments& arguments) {
  const Repository repository =
      Repository::open_or_create(repository_path(context.arguments, context.config));
  StoreReader store(arguments.store, context);
  const store::Copy copy =
      store.reader().find(arguments.selection.ids.at(0), arguments.selection.filter(), context.stop);
  warn_of_unchecked(copy, context.reporter);
  const unsigned jobs = arguments.jobs.value_or(context.config.jobs.value_or(default_jobs()));
  store::pull(store.reader(), *copy.commit, repository, jobs, context.reporter, context.stop);
  const Backup backup = repository.find(copy.id.shown());
  context.reply.set_backup(backup);
  context.reporter.summary(
      fmt::format("pulled {} into {}\n", printable(backup.id.shown()), printable(backup.dir.string())));
  return Exit::done;
}

Run declare_pull(Options& options) {
  const auto arguments = std::make_shared<PullArguments>();
  add_one_id(options, arguments->selection);
  add_selection(options, arguments->selection);
  add_store(options, arguments->store, "where from: a [store.NAME] of the configuration, or a URL")
      .required();
  add_keys(options, arguments->store);
  add_jobs(options, arguments->jobs, "objects read at a time (default: CPUs, at most 4)");
  return [arguments](Context& context) { return run_pull(context, *arguments); };
}

}  // namespace

const Command kPull = {
    .name = "pull",
    .what = "copy a backup from a store into the repository, which is made where there is none",
    .examples =
        "  pgassay pull latest --database app --store vault\n"
        "  pgassay pull prod/app/20261123T020000Z --store s3://backups/recyclic --identity key.txt --repo "
        "/tmp/repo\n",
    .declare = declare_pull,
};

}  // namespace pgassay::cli
