#include "cli/command/switch_options.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/basics/units.h"
#include "cli/command/backup_options.h"
#include "cli/command/common.h"
#include "cli/command/routes_check.h"
#include "cli/command/run_drill.h"
#include "cli/command/verify_options.h"
#include "core/system/printable.h"

namespace pgassay::cli {
namespace {

backup::BackupOptions source_options(Context& context, const std::string& source) {
  if (context.config.sources.contains(source))
    return backup_options_of(source, {}, context.arguments, context.config, context.reporter);
  backup::BackupOptions options;
  options.source = source;
  options.jobs = context.config.jobs.value_or(default_jobs());
  options.tool_version = PGASSAY_VERSION;
  return options;
}

const stack::SwitchSettings& configured_switch(const Context& context, const std::string& name) {
  std::vector<std::string> known;
  for (const auto& [one, settings] : context.config.switches) known.push_back(one);
  if (known.empty())
    throw UsageError("no switch is configured", "write [switch.NAME] into pgassay.toml: see docs/stacks.md");
  if (!context.config.switches.contains(name))
    throw UsageError(fmt::format("no switch '{}' in {}{}", printable(name), context.config.file.string(),
                                 did_you_mean(name, known)),
                     fmt::format("it has {}", fmt::join(known, ", ")));
  return context.config.switches.at(name);
}

}  // namespace

stack::SwitchOptions switch_options(Context& context, const std::string& name, bool no_drill) {
  stack::SwitchOptions options;
  options.settings = configured_switch(context, name);
  if (no_drill) options.settings.drill = false;
  for (const auto& [one, stack] : context.config.stacks) options.stacks.push_back(stack);
  options.source = source_options(context, options.settings.source);
  options.verify = verify_options(context.config);
  if (options.settings.drill) options.drill = drill_options(context.config, options.settings.source);
  options.routes = routes_check(context);
  options.tool_version = PGASSAY_VERSION;
  return options;
}

stack::RollbackOptions rollback_options(Context& context, const std::string& name,
                                        const std::string& source) {
  stack::RollbackOptions options;
  const auto settings = context.config.switches.find(name);
  if (settings != context.config.switches.end()) options.health_timeout = settings->second.health_timeout;
  options.source = source_options(context, source);
  options.verify = verify_options(context.config);
  options.routes = routes_check(context);
  options.why = "pgassay stack rollback";
  return options;
}

stack::SwitchJournal begun_switch(const Repository& repository, const std::string& name) {
  auto journal = stack::SwitchJournal::newest(repository, name);
  if (!journal)
    throw UsageError(fmt::format("there was no switch '{}'", printable(name)), "pgassay stack status");
  return std::move(*journal);
}

}  // namespace pgassay::cli
