#include "store/push.h"

#include <fmt/format.h>

#include "cli/basics/units.h"
#include "cli/command/store_options.h"
#include "core/system/cancellation.h"
#include "core/system/exits.h"
#include "core/system/printable.h"

namespace pgassay::cli {
namespace {

struct PushArguments {
  Selection selection;
  StoreArguments store;
  bool all = false, dry_run = false;
  std::optional<unsigned> jobs;
};

Json pushed_json(const store::Pushed& pushed) {
  return {{"id", pushed.id.stamp},
          {"source", pushed.id.source},
          {"database", pushed.id.database},
          {"was_there", pushed.was_there},
          {"objects_sent", pushed.objects_sent},
          {"bytes_sent", pushed.bytes_sent},
          {"objects_known", pushed.objects_known},
          {"bytes_known", pushed.bytes_known}};
}

std::string pushed_text(const store::Pushed& pushed, bool dry_run, const std::string& where) {
  const std::string id = printable(pushed.id.shown());
  if (pushed.was_there) return fmt::format("{} is in {} already\n", id, where);
  const std::string known = pushed.objects_known == 0 ? ""
                                                      : fmt::format("; {} of {} were there already",
                                                                    counted(pushed.objects_known, "object"),
                                                                    format_bytes(pushed.bytes_known));
  return fmt::format("{} {} to {}: {} of {}{}\n", dry_run ? "would push" : "pushed", id, where,
                     counted(pushed.objects_sent, "object"), format_bytes(pushed.bytes_sent), known);
}

Exit run_push(Context& context, const PushArguments& arguments) {
  const Repository repository = open_repository(context.arguments, context.config);
  const std::vector<Backup> backups = arguments.selection.all_in(repository, arguments.all);
  const NamedStore named = open_named_store(arguments.store, context.config);
  const store::PushOptions options{
      .name = named.name,
      .jobs = arguments.jobs.value_or(context.config.jobs.value_or(default_jobs())),
      .encrypted = !named.config.recipients.empty(),
      .dry_run = arguments.dry_run,
      .sign_key = named.config.sign_key,
      .tool_version = PGASSAY_VERSION};
  Exit exit = Exit::done;
  Json list = Json::array();
  for (const Backup& backup : backups) {
    throw_if_stopped(context.stop);
    try {
      const store::Pushed pushed =
          store::push(*named.store, repository, backup, options, context.reporter, context.stop);
      list.push_back(pushed_json(pushed));
      context.reporter.summary(pushed_text(pushed, arguments.dry_run, printable(named.store->where())));
    } catch (const Error& error) {
      error.raise_if(ErrorKind::stopped);
      // One backup that can't be pushed keeps none of the others here.
      if (backups.size() == 1) error.raise();
      context.reporter.message(Level::error, backup.id.shown() + ": " + error.what(), error.hint());
      exit = worse(exit, error.exit());
    }
  }
  context.reply.set("pushed", std::move(list));
  if (exit != Exit::done) throw Error("not all backups were pushed", "the messages above say why", exit);
  return exit;
}

Run declare_push(Options& options) {
  const auto arguments = std::make_shared<PushArguments>();
  add_optional_id(options, arguments->selection);
  add_selection(options, arguments->selection);
  add_store(options, arguments->store, "where to: a [store.NAME] of the configuration, or a URL").required();
  options.flag("--all,--missing", arguments->all, "every backup that is not there yet");
  options.flag("--dry-run", arguments->dry_run, "say what would be sent, and send nothing");
  add_jobs(options, arguments->jobs, "objects sent at a time (default: CPUs, at most 4)");
  return [arguments](Context& context) { return run_push(context, *arguments); };
}

}  // namespace

const Command kPush = {
    .name = "push",
    .what = "copy backups into a store off the host; what is there is not sent again",
    .examples =
        "  pgassay push --store vault                   the latest backup, where there is one database\n"
        "  pgassay push --all --store vault             all that are not there yet\n"
        "  pgassay push latest --database app --store file:///mnt/nas/pgassay --dry-run\n",
    .declare = declare_push,
};

}  // namespace pgassay::cli
