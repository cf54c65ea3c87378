#include "cli/command/watch_options.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/basics/units.h"
#include "cli/command/hints.h"
#include "cli/command/retention_policy.h"
#include "core/system/error.h"
#include "core/system/printable.h"

namespace pgassay::cli {
namespace {

const SourceConfig* configured(const Config& config, const std::string& source) {
  const auto found = config.sources.find(source);
  return found == config.sources.end() ? nullptr : &found->second;
}

std::optional<Seconds> watched(const Config& config, const std::string& source,
                               std::optional<Seconds> WatchConfig::*key) {
  const SourceConfig* own = configured(config, source);
  return own && own->watch.*key ? own->watch.*key : config.watch.*key;
}

nightly::StatusRules rules_of(const Config& config, const std::string& source,
                              std::optional<double> shrink_alarm) {
  nightly::StatusRules rules;
  rules.max_age = max_age(config, source).value_or(rules.max_age);
  rules.drill_every = drill_every(config, source);
  if (const SourceConfig* own = configured(config, source)) rules.stores = pushed_to(config, *own);
  RetentionConfig flags;
  flags.shrink_alarm = shrink_alarm;
  rules.shrink_alarm = retention_policy(flags, config, source).shrink_alarm;
  return rules;
}

/// Empty: the configuration does not say, it is the user's or a service's; or it is each of the server's.
std::string database_of(const SourceConfig& source) {
  if (source.all_databases) return {};
  const auto found = source.connection.parameters.find("dbname");
  return found == source.connection.parameters.end() ? "" : found->second;
}

nightly::WatchOptions watch_options(const Config& config, std::optional<double> shrink_alarm) {
  nightly::WatchOptions options;
  options.otherwise = rules_of(config, {}, shrink_alarm);
  for (const auto& [name, source] : config.sources)
    options.sources[name] = {rules_of(config, name, shrink_alarm), database_of(source), source.all_databases,
                             source.exclude_databases};
  return options;
}

}  // namespace

std::vector<nightly::Watched> look_closely(const Context& context, const Repository& repository,
                                           const std::vector<std::string>& wanted,
                                           std::optional<double> shrink_alarm) {
  const Config& config = context.config;
  std::vector<nightly::Watched> found =
      nightly::look_closely(watch_options(config, shrink_alarm), repository, wanted);
  for (const std::string& name : wanted) {
    const std::string& source = repository.source_names().owner_of(name);
    const auto of_source = [&](const nightly::Watched& one) { return one.status.source == source; };
    if (config.sources.contains(source) || std::ranges::any_of(found, of_source)) continue;
    std::vector<std::string> known;
    for (const auto& [one, rest] : config.sources) known.push_back(one);
    throw UsageError(fmt::format("no source '{}'{}", printable(source), did_you_mean(source, known)),
                     "it is neither in the configuration nor in " + repository.root().string());
  }
  add_our_flags(found, context.arguments);
  return found;
}

std::optional<Seconds> max_age(const Config& config, const std::string& source) {
  return watched(config, source, &WatchConfig::max_age);
}

const std::vector<std::string>& pushed_to(const Config& config, const SourceConfig& source) {
  return source.push ? *source.push : config.push;
}

std::optional<Seconds> drill_every(const Config& config, const std::string& source) {
  return watched(config, source, &WatchConfig::drill_every);
}

nightly::NotifyOptions notify_options(const Config& config, const std::string& source) {
  const SourceConfig* found = configured(config, source);
  const NotifyConfig own = found ? found->notify : NotifyConfig{};
  const NotifyConfig& top = config.notify;
  const auto chosen = [](const auto& mine, const auto& shared) { return mine ? mine : shared; };
  nightly::NotifyOptions options;
  options.ping_url = chosen(own.ping_url, top.ping_url).value_or("");
  options.webhook_url = chosen(own.webhook_url, top.webhook_url).value_or("");
  options.command = chosen(own.command, top.command).value_or(std::vector<std::string>());
  options.mail_to = chosen(own.mail_to, top.mail_to).value_or("");
  options.when = chosen(own.when, top.when).value_or("failure") == "always" ? nightly::When::always
                                                                            : nightly::When::failure;
  options.timeout = chosen(own.timeout, top.timeout).value_or(options.timeout);
  options.ca_file = chosen(own.ca_file, top.ca_file).value_or("");
  return options;
}

}  // namespace pgassay::cli
