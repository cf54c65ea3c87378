#include "cli/watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "cli/units.h"
#include "core/postgres/name_pattern.h"
#include "nightly/metrics.h"

namespace pgassay::cli {
namespace {

using ByDatabase = std::map<std::string, std::vector<Backup>>;

const SourceConfig* configured(const Config& config, const std::string& source) {
  const auto found = config.sources.find(source);
  return found == config.sources.end() ? nullptr : &found->second;
}

nightly::StatusRules rules_of(const Config& config, const std::string& source) {
  nightly::StatusRules rules;
  rules.max_age_seconds = max_age(config, source).value_or(rules.max_age_seconds);
  rules.drill_every_seconds = drill_every(config, source);
  return rules;
}

std::optional<double> watched(const Config& config, const std::string& source,
                              std::optional<double> WatchConfig::*key) {
  const SourceConfig* own = configured(config, source);
  return own && own->watch.*key ? own->watch.*key : config.watch.*key;
}

/// Empty: the configuration does not say, it is the user's or a service's; or it is each of the server's.
std::string database_of(const SourceConfig& source) {
  if (source.all_databases) return {};
  const auto found = source.connection.parameters.find("dbname");
  return found == source.connection.parameters.end() ? "" : found->second;
}

/// Of all of the server's databases.
bool is_excluded(const SourceConfig& source, const std::string& database) {
  return source.all_databases && std::ranges::any_of(source.exclude_databases, [&](const auto& pattern) {
           return fits_glob(pattern, database);
         });
}

class Lookout {
 public:
  Lookout(const Config& config, const Repository& repository) : config_(config), repository_(repository) {
    for (Backup& backup : repository.list())
      found_[backup.id.source][backup.id.database].push_back(std::move(backup));
    try {
      free_bytes_ = free_bytes(repository.root());
    } catch (const Error&) {  // then nothing is said of room
    }
  }

  std::vector<Watched> look(const std::vector<std::string>& wanted) {
    std::set<std::string> sources(wanted.begin(), wanted.end());
    for (const std::string& source : wanted) check_known(source);
    if (wanted.empty()) {
      for (const auto& [source, databases] : found_) sources.insert(source);
      for (const auto& [source, rest] : config_.sources) sources.insert(source);
    }
    for (const std::string& source : sources) look_at(source, !wanted.empty());
    return std::move(databases_);
  }

 private:
  void check_known(const std::string& source) const {
    if (config_.sources.contains(source) || found_.contains(source)) return;
    std::vector<std::string> known;
    for (const auto& [one, rest] : config_.sources) known.push_back(one);
    throw UsageError(fmt::format("no source '{}'{}", printable(source), did_you_mean(source, known)),
                     "it is neither in the configuration nor in " + repository_.root().string());
  }

  void look_at(const std::string& source, bool asked_for) {
    const SourceConfig* own = configured(config_, source);
    const std::string expected = own ? database_of(*own) : "";
    ByDatabase databases = found_[source];
    if (own && (databases.empty() || !expected.empty())) databases[expected];
    for (auto& [database, backups] : databases) {
      nightly::StatusInput input{source,      database, std::move(backups), rules_of(config_, source), {},
                                 free_bytes_, now()};
      const std::string problem = read_night(input);
      nightly::DatabaseStatus status = assess(input);
      if (!problem.empty())
        status.concerns.push_back(
            {nightly::Health::warning, nightly::concern::kLastRun, problem, "the next run writes it anew"});
      status.watched = own ? (expected.empty() || database == expected) && !is_excluded(*own, database)
                           : asked_for || config_.sources.empty();
      if (!status.watched) status.concerns.clear();
      databases_.push_back({std::move(status), input.rules, std::move(input.backups)});
    }
  }

  std::string read_night(nightly::StatusInput& input) const {
    try {
      input.night = nightly::last_night(repository_, input.source);
      return {};
    } catch (const Error& error) {
      return std::string("the last run's record: ") + error.what();
    }
  }

  const Config& config_;
  const Repository& repository_;
  std::map<std::string, ByDatabase> found_;
  std::optional<std::uint64_t> free_bytes_;
  std::vector<Watched> databases_;
};

}  // namespace

std::vector<nightly::DatabaseStatus> look_around(const Config& config, const Repository& repository,
                                                 const std::vector<std::string>& wanted) {
  std::vector<nightly::DatabaseStatus> databases;
  for (Watched& watched : look_closely(config, repository, wanted))
    databases.push_back(std::move(watched.status));
  return databases;
}

std::vector<Watched> look_closely(const Config& config, const Repository& repository,
                                  const std::vector<std::string>& wanted) {
  return Lookout(config, repository).look(wanted);
}

void write_metrics(const Path& file, const std::vector<nightly::DatabaseStatus>& databases,
                   const Repository& repository) {
  replace_file(file, metrics_text(databases, free_bytes(repository.root()), now()));
  set_mode(file, 0644);
}

std::optional<double> max_age(const Config& config, const std::string& source) {
  return watched(config, source, &WatchConfig::max_age_seconds);
}

std::optional<double> drill_every(const Config& config, const std::string& source) {
  return watched(config, source, &WatchConfig::drill_every_seconds);
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
  options.timeout_seconds =
      chosen(own.timeout_seconds, top.timeout_seconds).value_or(options.timeout_seconds);
  options.ca_file = chosen(own.ca_file, top.ca_file).value_or("");
  return options;
}

}  // namespace pgassay::cli
