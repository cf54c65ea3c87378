// What a backup is told by flags, environment and configuration together: flags override the environment,
// which overrides the file. For backup, and for the commands that look at or reach the same servers.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "backup/backup.h"
#include "cli/command/arguments.h"
#include "cli/command/options.h"
#include "cli/config/config.h"
#include "core/system/observer.h"

namespace pgassay::cli {

struct BackupArguments {
  std::string configured_source;  ///< the positional: a source of the configuration
  std::optional<std::string> dbname, source_name, label, pg_dump, full_every, lock_policy, container,
      container_engine, stall_timeout, max_rate, warn_snapshot_age, max_snapshot_age;
  std::optional<unsigned> jobs;
  std::optional<int> compression;
  std::optional<double> lock_timeout;
  std::vector<std::string> exclude_table_data, binary_table, exclude_databases;
  bool pin = false, no_role_passwords = false, digest_matviews = false, drill = false, all_databases = false,
       split_tables = false;
};

void add_server(Options& options, BackupArguments& backup);         ///< which source, and where its server is
void add_all_databases(Options& options, BackupArguments& backup);  ///< and what it leaves out
/// All that `backup` takes, those included.
void add_backup(Options& options, BackupArguments& backup);

/// Each throws UsageError; a password on the command line is a warning.
backup::BackupOptions backup_options(const BackupArguments& arguments, const Arguments& common,
                                     const Config& config, Observer& observer);
/// Of a configured source, as if it had been named on the command line.
backup::BackupOptions backup_options_of(const std::string& source, const BackupArguments& backup,
                                        const Arguments& common, const Config& config, Observer& observer);
/// By --all-databases, or by the source's configuration unless -d names one.
bool all_databases(const BackupArguments& arguments, const Config& config, const std::string& source);
/// Patterns of databases that --all-databases leaves out.
std::vector<std::string> excluded_databases(const BackupArguments& arguments, const Config& config,
                                            const std::string& source);

}  // namespace pgassay::cli
