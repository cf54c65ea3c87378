#include "cli/command/backup_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "cli/basics/units.h"
#include "cli/command/common.h"
#include "cli/command/retention_policy.h"
#include "core/system/error.h"
#include "core/system/printable.h"

namespace pgassay::cli {
namespace {

void add_container(Options& options, BackupArguments& backup) {
  options.value("--container", &backup.container, "NAME",
                "the server's container: address, user, password, pg_dump are found out");
  options
      .choice("--container-engine", &backup.container_engine, {"auto", "docker", "podman"},
              "whose container (default: auto)")
      .needs("--container");
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

std::string default_source_name(const backup::BackupOptions& options) {
  const source::ContainerName& container = options.container;
  if (!container.given()) return source_name_for(options.connection);
  return container.container.empty() ? container.compose_project : container.container;
}

Seconds stall_timeout(const std::string& text) {
  const auto seconds = parse_duration(text);
  if (!seconds || *seconds > kLongest)
    throw UsageError("--stall-timeout must be a duration such as 30s or 5m, at most a day, or 0");
  return *seconds;
}

/// Of a flag, however long, or 0.
std::optional<Seconds> long_duration(const std::optional<std::string>& text, const char* flag) {
  if (!text) return std::nullopt;
  const auto seconds = parse_duration(*text);
  if (!seconds) throw UsageError(fmt::format("{} must be a duration such as 7d or 12h, or 0", flag));
  return seconds;
}

/// How the rows are read, of which production feels something.
void set_reading(backup::BackupOptions& options, const BackupArguments& arguments,
                 const SourceConfig& source) {
  const auto rate = arguments.max_rate ? parse_rate(*arguments.max_rate) : source.max_rate;
  if (arguments.max_rate && !rate) throw UsageError("--max-rate must be bytes in a second, such as 50MB/s");
  options.max_rate = rate.value_or(0);
  const bool split = arguments.split_tables || source.split_tables == "auto";
  options.split_tables = split ? backup::SplitTables::as_needed : backup::SplitTables::never;
  options.warn_snapshot_age = first_of(long_duration(arguments.warn_snapshot_age, "--warn-snapshot-age"),
                                       source.warn_snapshot_age, {}, options.warn_snapshot_age);
  options.max_snapshot_age = first_of(long_duration(arguments.max_snapshot_age, "--max-snapshot-age"),
                                      source.max_snapshot_age, {}, options.max_snapshot_age);
}

}  // namespace

void add_server(Options& options, BackupArguments& backup) {
  options.argument("SOURCE", &backup.configured_source, "a source of the configuration");
  options.value("-d,--dbname", &backup.dbname, "CONN",
                "database name, conninfo or URI; else PGHOST, PGDATABASE, PGSERVICE, …");
  add_container(options, backup);
  options.value("--source", &backup.source_name, "NAME",
                "the source's name in the repository (default: the server's host name)");
}

void add_all_databases(Options& options, BackupArguments& backup) {
  options.flag("--all-databases", backup.all_databases,
               "every database of the server, each by itself; templates are left out");
  options
      .list("--exclude-database", backup.exclude_databases, "PATTERN",
            "of --all-databases: leave out those that fit (* and ?); repeatable")
      .needs("--all-databases");
}

void add_backup(Options& options, BackupArguments& backup) {
  add_server(options, backup);
  add_jobs(options, backup.jobs, "connections that copy (default: CPUs, at most 4)");
  options.value("-Z,--compress", &backup.compression, "1..19", "zstd level (default 1)")
      .range(1, kMaxCompression);
  options.value("--label", &backup.label, "TEXT", "a note on this backup");
  options.flag("--pin", backup.pin, "keep it for good: prune never takes a pinned backup");
  options.flag("--drill", backup.drill,
               "drill it right afterwards, as the configuration says: see pgassay drill");
  options.list("--exclude-table-data", backup.exclude_table_data, "PATTERN",
               "leave out the rows of tables SCHEMA.TABLE (* and ?); repeatable");
  options.list(
      "--binary-table", backup.binary_table, "PATTERN",
      "keep the rows of tables SCHEMA.TABLE (* and ?) in COPY's binary format, which holds fields that "
      "pass 1 GB as text; repeatable");
  options.value("--lock-timeout", &backup.lock_timeout, "SECONDS",
                "how long to wait for a table's lock before letting go (default 10)");
  options.value("--stall-timeout", &backup.stall_timeout, "DURATION",
                "how long the server may send nothing while it copies rows (default 5m; 0: for ever)");
  options.value("--max-rate", &backup.max_rate, "RATE",
                "bytes of rows to read in a second, such as 50MB/s (default: as fast as they come)");
  options.flag("--split-tables", backup.split_tables,
               "read large tables over several connections: faster, and at the cost of the server's cache");
  options.value("--warn-snapshot-age", &backup.warn_snapshot_age, "DURATION",
                "say so when the snapshot has held vacuum back for so long (default 1h; 0: never)");
  options.value("--max-snapshot-age", &backup.max_snapshot_age, "DURATION",
                "end the backup then (default 0: never)");
  options.choice("--lock-policy", &backup.lock_policy, {"warn", "yield"},
                 "when others queue behind our locks: warn (default), or yield");
  options.value("--pg-dump", &backup.pg_dump, "PATH",
                "the pg_dump to use (default: one that fits the server is found)");
  options.value("--full-every", &backup.full_every, "DURATION",
                "store all parts anew after this long (default 7d; 0: always)");
  add_all_databases(options, backup);
  options.flag("--digest-matviews", backup.digest_matviews,
               "count and digest the rows of materialized views, for a drill to say by how much they differ");
  options.flag("--no-role-passwords", backup.no_role_passwords, "leave the roles' password hashes out");
}

backup::BackupOptions backup_options(const BackupArguments& arguments, const Arguments& common,
                                     const Config& config, Observer& observer) {
  reject_empty_dbname(arguments.dbname);
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
  const auto flag_lock =
      arguments.lock_timeout ? std::optional<Seconds>(*arguments.lock_timeout) : std::nullopt;
  options.lock_timeout = first_of(flag_lock, source.lock_timeout, {}, options.lock_timeout);
  if (!(options.lock_timeout.count() > 0 && options.lock_timeout <= kMaxLockTimeout)) {
    throw UsageError(
        fmt::format("--lock-timeout must be more than 0 and at most {} seconds", kMaxLockTimeout.count()));
  }
  const auto flag_stall =
      arguments.stall_timeout ? std::optional(stall_timeout(*arguments.stall_timeout)) : std::nullopt;
  options.stall_timeout = first_of(flag_stall, source.stall_timeout, {}, options.stall_timeout);
  const std::string policy = first_of(arguments.lock_policy, source.lock_policy, {}, std::string("warn"));
  options.lock_policy = policy == "yield" ? backup::LockPolicy::yield : backup::LockPolicy::warn;
  options.pg_dump = first_of(arguments.pg_dump, source.pg_dump, {}, std::string());
  options.full_every = first_of(long_duration(arguments.full_every, "--full-every"), source.full_every,
                                config.full_every, options.full_every);
  set_reading(options, arguments, source);
  options.digest_matviews = arguments.digest_matviews || source.digest_matviews.value_or(false);
  options.role_passwords = !arguments.no_role_passwords && source.role_passwords.value_or(true);
  options.tool_version = PGASSAY_VERSION;
  options.prunable_bytes = prunable_bytes_of(common, config, options.source);
  return options;
}

backup::BackupOptions backup_options_of(const std::string& source, const BackupArguments& arguments,
                                        const Arguments& common, const Config& config, Observer& observer) {
  BackupArguments named = arguments;
  named.configured_source = source;
  return backup_options(named, common, config, observer);
}

bool all_databases(const BackupArguments& arguments, const Config& config, const std::string& source) {
  const auto found = config.sources.find(source);
  return arguments.all_databases ||
         (found != config.sources.end() && found->second.all_databases && !arguments.dbname);
}

std::vector<std::string> excluded_databases(const BackupArguments& arguments, const Config& config,
                                            const std::string& source) {
  const auto found = config.sources.find(source);
  std::vector<std::string> patterns;
  if (found != config.sources.end()) patterns = found->second.exclude_databases;
  std::ranges::copy(arguments.exclude_databases, std::back_inserter(patterns));
  return patterns;
}

}  // namespace pgassay::cli
