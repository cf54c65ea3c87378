#include "drill/drill.h"

#include <fmt/format.h>

#include "cli/basics/units.h"
#include "cli/command/command.h"
#include "cli/command/common.h"
#include "cli/command/read_repository.h"
#include "cli/command/run_drill.h"
#include "cli/render/json/drill.h"
#include "cli/render/text/drill_text.h"
#include "core/system/printable.h"

namespace pgassay::cli {
namespace {

struct DrillArguments {
  Selection selection;
  StoreArguments store;
  std::optional<std::string> engine, image, pull, memory, work_dir, junit;
  std::optional<unsigned> jobs;
  std::vector<std::string> accept;
  bool keep = false, gc = false, amcheck = false, allow_weak_sandbox = false;
};

void add_engine(Options& options, DrillArguments& drill) {
  options.choice("--engine", &drill.engine, {"auto", "docker", "podman", "local"},
                 "where the throwaway server runs: auto (default), docker, podman, or local");
  options.value("--image", &drill.image, "IMAGE",
                "the container's image (default: postgres:MAJOR of the backup's server)");
  options.choice("--pull", &drill.pull, {"missing", "never", "always"},
                 "pull the image when it is missing (default), never, or always");
  options.value("--memory", &drill.memory, "SIZE",
                "memory for the server, as 2GB (default: half of what is free)");
  options.value("--work-dir", &drill.work_dir, "DIR",
                "where its private directory is made (default: TMPDIR, else /var/tmp)");
  options.flag("--allow-weak-sandbox", drill.allow_weak_sandbox,
               "with the local engine: go on where nothing keeps restored code away from this host "
               "(docs/security.md)");
}

std::uint64_t memory_of(const std::string& text) {
  const auto bytes = parse_bytes(text);
  if (bytes) return *bytes;
  throw UsageError(fmt::format("--memory: '{}' is not a size", printable(text)), "as in 512MB or 2GB");
}

/// Flags, then [source.NAME.drill], then [drill]. Throws UsageError.
drill::DrillOptions options_of(const DrillArguments& arguments, const Config& config,
                               const std::string& source) {
  drill::DrillOptions options = drill_options(config, source);
  if (arguments.engine) options.engine = drill::parse_engine(*arguments.engine);
  options.image = arguments.image.value_or(options.image);
  if (arguments.pull) options.pull = drill::parse_pull(*arguments.pull);
  if (arguments.memory) options.memory_bytes = memory_of(*arguments.memory);
  if (arguments.work_dir) options.work_dir = *arguments.work_dir;
  options.keep = arguments.keep;
  options.allow_weak_sandbox |= arguments.allow_weak_sandbox;
  options.questions.jobs = arguments.jobs.value_or(options.questions.jobs);
  options.questions.amcheck |= arguments.amcheck;
  options.questions.accepted.insert(arguments.accept.begin(), arguments.accept.end());
  return options;
}

/// --gc.
Exit collect(Context& context, const DrillArguments& arguments) {
  if (!arguments.selection.ids.empty()) throw UsageError("--gc and an ID exclude each other");
  const std::vector<std::string> gone = drill::collect_garbage(
      options_of(arguments, context.config, {}).work_dir, context.reporter, context.stop);
  set_collected(context.reply, gone);
  for (const std::string& line : gone) context.reporter.print(printable(line) + "\n");
  if (gone.empty()) context.reporter.summary("nothing was left behind\n");
  return Exit::done;
}

Exit run_drill(Context& context, const DrillArguments& arguments) {
  if (arguments.gc) return collect(context, arguments);
  const Selection& selection = arguments.selection;
  const ReadRepository place(arguments.store, selection, context);
  const Repository& repository = place.get();
  const Backup backup = selection.find_in(repository);
  const std::string& source = backup.source();
  drill::DrillOptions options =
      with_image_of_source(context, {}, source, options_of(arguments, context.config, source));
  options.write_evidence = !place.is_temporary();
  return drill_and_report(context, repository, backup, options, Audience::alone, arguments.junit);
}

Run declare_drill(Options& options) {
  const auto arguments = std::make_shared<DrillArguments>();
  add_optional_id(options, arguments->selection).expected(0, 1);
  add_selection(options, arguments->selection);
  add_store_to_read(options, arguments->store);
  add_engine(options, *arguments);
  add_jobs(options, arguments->jobs, "connections that load and compare (default: CPUs, at most 4)");
  options.flag("--amcheck", arguments->amcheck,
               "also look at the structure of each index and table (extension amcheck)");
  add_accept(options, arguments->accept);
  options.value("--junit", &arguments->junit, "FILE", "write the checks as JUnit XML, too");
  options.flag("--keep", arguments->keep, "leave the server up for a day, and say how to connect");
  options
      .flag("--gc", arguments->gc, "only remove throwaway servers that were left behind or whose day is over")
      .excludes({"--keep"});
  return [arguments](Context& context) { return run_drill(context, *arguments); };
}

}  // namespace

const Command kDrill = {
    .name = "drill",
    .what = "restore a backup into a throwaway server, and prove that each row and object came back",
    .examples =
        "  pgassay drill                          the latest backup, where there is one database\n"
        "  pgassay drill latest --database app --engine docker --image postgis/postgis:15-3.3\n"
        "  pgassay drill prod/app/20261123T020000Z --amcheck --junit drill.xml\n"
        "  pgassay drill latest --database app --store vault --identity drill.key\n"
        "  pgassay drill --keep                   and look around in it afterwards\n"
        "  pgassay drill --gc                     remove what killed drills left behind\n",
    .declare = declare_drill,
};

}  // namespace pgassay::cli
