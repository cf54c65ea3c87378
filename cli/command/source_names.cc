// source alias, source forget, source reset.
#include <fmt/format.h>

#include <set>

#include "cli/basics/units.h"
#include "cli/command/command.h"
#include "cli/command/common.h"
#include "core/system/printable.h"

namespace pgassay::cli {
namespace {

struct SourceArguments {
  std::string name, of;
};

void add_source_name(Options& options, SourceArguments& arguments, const char* what) {
  options.argument("NAME", &arguments.name, what).required();
}

std::set<std::string> filed_names(const Repository& repository) {
  std::set<std::string> names;
  for (const Backup& backup : repository.list()) names.insert(backup.id.source);
  return names;
}

void check_filed(const Repository& repository, const std::string& name) {
  const std::set<std::string> names = filed_names(repository);
  if (names.contains(name)) return;
  const std::vector<std::string> known(names.begin(), names.end());
  throw UsageError(fmt::format("no backup is filed under {}{}", printable(name), did_you_mean(name, known)),
                   "pgassay list shows all");
}

void check_not_configured(const Config& config, const std::string& name, const char* what) {
  if (!config.sources.contains(name)) return;
  throw UsageError(fmt::format("{} is a source of the configuration, and can't be {}", name, what),
                   fmt::format("take [source.{}] out of {} first", name, config.file.string()));
}

void check_owner(const Context& context, const Repository& repository, const SourceArguments& arguments) {
  const SourceNames& names = repository.source_names();
  if (arguments.name == arguments.of) throw UsageError("a source is no alias of itself");
  if (names.aliases.contains(arguments.of))
    throw UsageError(fmt::format("{} is an alias itself", arguments.of),
                     fmt::format("pgassay source alias {} --of {}", shell_word(arguments.name),
                                 shell_word(names.owner_of(arguments.of))));
  if (names.names_of(arguments.name).size() > 1 && !names.aliases.contains(arguments.name))
    throw UsageError(
        fmt::format("{} is an alias of {}", names.names_of(arguments.name)[1], printable(arguments.name)),
        "give that one to the other source first");
  if (context.config.sources.contains(arguments.of)) return;
  check_filed(repository, arguments.of);
}

void tell_names(Context& context, const Path& root, const std::string& text) {
  const SourceNames names = read_source_names(Place(root));
  context.reply.set(
      "sources",
      Json{{"aliases", names.aliases},
           {"forgotten", std::vector<std::string>(names.forgotten.begin(), names.forgotten.end())}});
  context.reporter.summary(text);
}

Exit run_source_alias(Context& context, const SourceArguments& arguments) {
  const Repository repository = open_repository(context.arguments, context.config);
  check_not_configured(context.config, arguments.name, "an alias");
  check_owner(context, repository, arguments);
  check_filed(repository, arguments.name);
  make_alias(repository.root(), arguments.name, arguments.of);
  tell_names(context, repository.root().path(),
             fmt::format("backups under {} are backups of {} from now on\n", printable(arguments.name),
                         printable(arguments.of)));
  return Exit::done;
}

Exit run_source_forget(Context& context, const SourceArguments& arguments) {
  const Repository repository = open_repository(context.arguments, context.config);
  check_not_configured(context.config, arguments.name, "forgotten");
  check_filed(repository, arguments.name);
  forget_source(repository.root(), arguments.name);
  tell_names(context, repository.root().path(),
             fmt::format("status says no more of {}; its backups stay\n", printable(arguments.name)));
  return Exit::done;
}

Exit run_source_reset(Context& context, const SourceArguments& arguments) {
  const Repository repository = open_repository(context.arguments, context.config);
  if (!reset_source_name(repository.root(), arguments.name))
    throw UsageError(printable(arguments.name) + " is neither an alias nor forgotten");
  tell_names(context, repository.root().path(),
             printable(arguments.name) + " is a source of its own again\n");
  return Exit::done;
}

Run declare_source_alias(Options& options) {
  const auto arguments = std::make_shared<SourceArguments>();
  add_source_name(options, *arguments, "the name that backups were filed under");
  options.value("--of", &arguments->of, "SOURCE", "the source whose backups they are").required();
  return [arguments](Context& context) { return run_source_alias(context, *arguments); };
}

Run declare_source_forget(Options& options) {
  const auto arguments = std::make_shared<SourceArguments>();
  add_source_name(options, *arguments, "a source that no configuration names any more");
  return [arguments](Context& context) { return run_source_forget(context, *arguments); };
}

Run declare_source_reset(Options& options) {
  const auto arguments = std::make_shared<SourceArguments>();
  add_source_name(options, *arguments, "an alias, or a source that was forgotten");
  return [arguments](Context& context) { return run_source_reset(context, *arguments); };
}

}  // namespace

const Command kSourceAlias = {
    .name = "source alias",
    .what = "backups that were filed under another name are those of a source, for every command",
    .examples =
        "  pgassay source alias local --of prod        the first backup was taken without a configuration\n",
    .declare = declare_source_alias,
    .takes_long = false,
};

const Command kSourceForget = {
    .name = "source forget",
    .what = "status and report say nothing more of a source that no configuration names; its backups stay",
    .examples =
        "  pgassay source forget staging\n"
        "  pgassay prune --source staging --keep-days 0 --keep-min 1     to keep less of it\n",
    .declare = declare_source_forget,
    .takes_long = false,
};

const Command kSourceReset = {
    .name = "source reset",
    .what = "undo source alias or source forget",
    .examples = "  pgassay source reset staging\n",
    .declare = declare_source_reset,
    .takes_long = false,
};

}  // namespace pgassay::cli
