#include "cli/command/resolve.h"

#include <fmt/format.h>
#include <sched.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdlib>
#include <cstring>

#include "cli/command/resolve_retention.h"
#include "cli/units.h"
#include "core/system/error.h"

namespace pgassay::cli {
namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

/// An empty variable in a script would otherwise mean whatever libpq's defaults lead to.
void reject_empty(const std::optional<std::string>& dbname) {
  if (dbname && dbname->empty())
    throw UsageError("--dbname is empty", "leave it out to use PGHOST, PGDATABASE, PGSERVICE, …");
}

ConnInfo connection_from_flag(const std::string& text, Observer& observer) {
  ConnInfo info = ConnInfo::parse(text);
  for (const char* secret : {"password", "sslpassword"}) {
    const auto found = info.parameters.find(secret);
    if (found == info.parameters.end() || found->second.empty()) continue;
    observer.message(Level::warning,
                     "--dbname holds a password: every user of this host can read it while we run",
                     "put it into ~/.pgpass");
    break;
  }
  return info;
}

std::string names_of(const Config& config) {
  std::string names;
  for (const auto& [name, source] : config.sources) names += (names.empty() ? "" : ", ") + name;
  return names;
}

/// The name of the configured source that is meant, or empty: flags and environment say it all.
std::string configured_source(const BackupArguments& arguments, const Config& config) {
  const std::string& name = arguments.configured_source;
  if (name.empty()) {
    if (arguments.dbname || arguments.container || arguments.source_name || config.sources.empty()) return {};
    if (config.sources.size() == 1) return config.sources.begin()->first;
    throw UsageError("which source? the configuration has " + names_of(config), "pgassay backup SOURCE");
  }
  if (name.find_first_of("=/:@ ") != std::string::npos) {
    // Not repeated: it may hold a password.
    throw UsageError("SOURCE is not the name of a source", "a connection string goes to --dbname");
  }
  if (config.sources.contains(name)) {
    if (!arguments.source_name) return name;
    throw UsageError("--source names a database that is not configured, and '" + name + "' is");
  }
  if (config.file.empty()) {
    throw UsageError(fmt::format("no source '{}': there is no configuration", printable(name)),
                     "name a database with --dbname, and the source with --source");
  }
  std::vector<std::string> known;
  for (const auto& [one, source] : config.sources) known.push_back(one);
  throw UsageError(
      fmt::format("no source '{}' in {}{}", printable(name), config.file.string(), did_you_mean(name, known)),
      known.empty() ? "add [source." + printable(name) + "]" : "it has " + names_of(config));
}

/// Flags that say where the server is leave all that the file says of it aside.
void set_server(backup::BackupOptions& options, const BackupArguments& arguments, const SourceConfig& source,
                Observer& observer) {
  if (arguments.container && arguments.container->empty())
    throw UsageError("--container is empty", "name a container, by its name or id");
  if (arguments.dbname || arguments.container) {
    options.connection = connection_from_flag(arguments.dbname.value_or(""), observer);
    options.container.container = arguments.container.value_or("");
  } else {
    options.connection = source.connection;
    options.container = source.container;
  }
  if (!arguments.container_engine) return;
  if (!options.container.given())
    throw UsageError("--container-engine needs a container", "--container NAME");
  options.container.engine = *arguments.container_engine == "auto" ? "" : *arguments.container_engine;
}

std::string default_source_name(const backup::BackupOptions& options) {
  const source::ContainerName& container = options.container;
  if (!container.given()) return source_name_for(options.connection);
  return container.container.empty() ? container.compose_project : container.container;
}

double stall_timeout(const std::string& text) {
  const auto seconds = parse_duration(text);
  if (!seconds || *seconds > kLongestSeconds)
    throw UsageError("--stall-timeout must be a duration such as 30s or 5m, at most a day, or 0");
  return *seconds;
}

double full_every_days(const std::string& text) {
  const auto seconds = parse_duration(text);
  if (!seconds) throw UsageError("--full-every must be a duration such as 7d or 12h, or 0");
  return *seconds / 86400;
}

void check_replace(const RestoreArguments& arguments) {
  if (!arguments.replace) {
    if (arguments.drop_old)
      throw UsageError("--drop-old needs --replace DB", "restore ID --replace DB --drop-old");
    return;
  }
  if (arguments.replace->empty()) throw UsageError("--replace is empty");
  if (arguments.into || arguments.create)
    throw UsageError("--replace DB names the database by itself", "leave out --into and --create");
  if (const char* part = part_asked_for(arguments.parts))
    throw UsageError(fmt::format("--replace takes the whole backup, and {} a part of it", part),
                     "one table into a live database: -d DB --table SCHEMA.TABLE --as NEW");
  if (arguments.no_prove)
    throw UsageError("--replace without a proof is refused",
                     "leave out --no-prove: names are swapped only when every row is proved to be there");
}

template <class T>
T first_of(const std::optional<T>& flag, const std::optional<T>& source, const std::optional<T>& top,
           T otherwise) {
  return flag ? *flag : source ? *source : top.value_or(std::move(otherwise));
}

}  // namespace

Path repository_path(const Arguments& arguments, const Config& config) {
  if (arguments.repo) {
    if (arguments.repo->empty()) throw UsageError("--repo is empty");
    return *arguments.repo;
  }
  if (const std::string named = environment("PGASSAY_REPO"); !named.empty()) return named;
  if (config.repository) return *config.repository;
  throw UsageError("no repository is named",
                   "use --repo DIR, $PGASSAY_REPO, or 'repository' in the configuration");
}

std::string repeated_repository(const Arguments& arguments) {
  return arguments.repo ? " --repo " + shell_word(*arguments.repo) : "";
}

backup::BackupOptions backup_options(const Arguments& all, const Config& config, Observer& observer) {
  const BackupArguments& arguments = all.backup;
  reject_empty(arguments.dbname);
  const std::string name = configured_source(arguments, config);
  const SourceConfig source = name.empty() ? SourceConfig{} : config.sources.at(name);
  backup::BackupOptions options;
  set_server(options, arguments, source, observer);
  if (arguments.source_name) check_source_name(*arguments.source_name, "--source");
  options.source = !name.empty() ? name : arguments.source_name.value_or(default_source_name(options));
  options.jobs = first_of(arguments.jobs, source.jobs, config.jobs, default_jobs());
  options.zstd_level =
      first_of(arguments.compression, source.compression, config.compression, options.zstd_level);
  options.label = first_of(arguments.label, source.label, {}, std::string());
  options.pin = arguments.pin;
  options.tables = {source.exclude_table_data, source.binary_table};
  std::ranges::copy(arguments.exclude_table_data, std::back_inserter(options.tables.exclude));
  std::ranges::copy(arguments.binary_table, std::back_inserter(options.tables.binary));
  options.lock_timeout_seconds =
      first_of(arguments.lock_timeout, source.lock_timeout, {}, options.lock_timeout_seconds);
  if (!(options.lock_timeout_seconds > 0 && options.lock_timeout_seconds <= kMaxLockTimeout)) {
    throw UsageError(
        fmt::format("--lock-timeout must be more than 0 and at most {} seconds", kMaxLockTimeout));
  }
  const auto flag_stall =
      arguments.stall_timeout ? std::optional(stall_timeout(*arguments.stall_timeout)) : std::nullopt;
  options.stall_timeout_seconds =
      first_of(flag_stall, source.stall_timeout, {}, options.stall_timeout_seconds);
  const std::string policy = first_of(arguments.lock_policy, source.lock_policy, {}, std::string("warn"));
  options.lock_policy = policy == "yield" ? backup::LockPolicy::yield : backup::LockPolicy::warn;
  options.pg_dump = first_of(arguments.pg_dump, source.pg_dump, {}, std::string());
  const auto flag_days =
      arguments.full_every ? std::optional(full_every_days(*arguments.full_every)) : std::nullopt;
  options.full_every_days =
      first_of(flag_days, source.full_every_days, config.full_every_days, options.full_every_days);
  options.role_passwords = !arguments.no_role_passwords && source.role_passwords.value_or(true);
  options.tool_version = PGASSAY_VERSION;
  options.prunable_bytes = prunable_bytes_of(all, config, options.source);
  return options;
}

bool all_databases(const Arguments& arguments, const Config& config, const std::string& source) {
  const auto found = config.sources.find(source);
  return arguments.backup.all_databases ||
         (found != config.sources.end() && found->second.all_databases && !arguments.backup.dbname);
}

std::vector<std::string> excluded_databases(const Arguments& arguments, const Config& config,
                                            const std::string& source) {
  const auto found = config.sources.find(source);
  std::vector<std::string> patterns;
  if (found != config.sources.end()) patterns = found->second.exclude_databases;
  std::ranges::copy(arguments.backup.exclude_databases, std::back_inserter(patterns));
  return patterns;
}

backup::BackupOptions backup_options_of(const std::string& source, const Arguments& arguments,
                                        const Config& config, Observer& observer) {
  Arguments named = arguments;
  named.backup.configured_source = source;
  return backup_options(named, config, observer);
}

verify::VerifyOptions verify_options(const Arguments& arguments, const Config& config) {
  verify::VerifyOptions options;
  options.jobs = first_of(arguments.verify.jobs, {}, config.jobs, default_jobs());
  if (arguments.verify.subset) options.subset = parse_subset(*arguments.verify.subset);
  options.tool_version = PGASSAY_VERSION;
  return options;
}

restore::RestoreOptions restore_options(const Arguments& all, const Config& config, Observer& observer) {
  const RestoreArguments& arguments = all.restore;
  reject_empty(arguments.dbname);
  check_replace(arguments);
  if (!arguments.into && !arguments.create && !arguments.replace && !into_live(arguments)) {
    throw UsageError(
        "restore where to?",
        "--into DB: an empty database that exists; --create: a new one, named by --into or as the "
        "backup's; --replace DB: in the place of a live one");
  }
  if (arguments.into && arguments.into->empty()) throw UsageError("--into is empty");
  restore::RestoreOptions options;
  options.connection = connection_from_flag(arguments.dbname.value_or(""), observer);
  const auto& given = options.connection.parameters;
  if (!given.contains("dbname") && !given.contains("service") && environment("PGDATABASE").empty() &&
      environment("PGSERVICE").empty()) {
    if (into_live(arguments) && !arguments.into)
      throw UsageError("which database?", "name it: -d 'dbname=app', or --into app");
    // libpq would look for a database of the user's name, which a bare server does not have.
    options.connection = options.connection.with_database("postgres");
  }
  options.into = arguments.replace ? *arguments.replace : arguments.into.value_or("");
  options.create = arguments.create;
  options.resume = arguments.resume;
  options.roles = arguments.roles == "none" ? restore::Roles::none : restore::Roles::missing;
  options.owners = !arguments.no_owner;
  options.role_passwords = !arguments.no_role_passwords;
  options.jobs = first_of(arguments.jobs, {}, config.jobs, default_jobs());
  options.prove = !arguments.no_prove;
  choose_parts(arguments, options);
  return options;
}

unsigned default_jobs() {
  cpu_set_t ours;
  CPU_ZERO(&ours);
  if (sched_getaffinity(0, sizeof ours, &ours) != 0) return 1;
  return std::clamp(static_cast<unsigned>(CPU_COUNT(&ours)), 1u, 4u);
}

std::pair<unsigned, unsigned> parse_subset(const std::string& text) {
  unsigned share = 0, of = 0;
  const char* const end = text.data() + text.size();
  const auto first = std::from_chars(text.data(), end, share);
  if (first.ec == std::errc{} && first.ptr != end && *first.ptr == '/') {
    const auto second = std::from_chars(first.ptr + 1, end, of);
    if (second.ec == std::errc{} && second.ptr == end && share >= 1 && share <= of) return {share, of};
  }
  throw UsageError(fmt::format("--read-data-subset: '{}' is not n/t with 1 <= n <= t", printable(text)),
                   "as in 2/7");
}

std::string source_name_for(const ConnInfo& connection) {
  const auto parameter = [&](const char* name) {
    const auto found = connection.parameters.find(name);
    return found == connection.parameters.end() ? std::string() : found->second;
  };
  std::string name = parameter("host");
  if (name.empty()) name = parameter("hostaddr");
  if (name.empty()) name = parameter("service");
  for (const char* variable : {"PGHOST", "PGHOSTADDR", "PGSERVICE"}) {
    if (name.empty()) name = environment(variable);
  }
  name = name.substr(0, name.find(','));
  if (name.empty() || name[0] == '/' || name[0] == '@') return "local";
  std::ranges::replace_if(
      name, [](char c) { return !std::isalnum(static_cast<unsigned char>(c)) && c != '_' && c != '.'; }, '-');
  if (name[0] == '.' || name[0] == '-') name.insert(0, "host");
  return name;
}

}  // namespace pgassay::cli
