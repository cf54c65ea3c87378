// What the command line said, as plain values; nothing here knows how it was parsed.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace pgassay::cli {

struct BackupArguments {
  std::string configured_source;  ///< the positional: a source of the configuration
  std::optional<std::string> dbname, source_name, label, pg_dump, full_every, lock_policy, container,
      container_engine, stall_timeout;
  std::optional<unsigned> jobs;
  std::optional<int> compression;
  std::optional<double> lock_timeout;
  std::vector<std::string> exclude_table_data, binary_table, exclude_databases;
  bool pin = false, no_role_passwords = false, drill = false, all_databases = false;
};

/// Which backups: `ids` may hold "latest"; source and database narrow it.
struct Selection {
  std::vector<std::string> ids;
  std::string source, database;
};

struct VerifyArguments {
  bool all = false;
  std::optional<std::string> subset;
  std::optional<unsigned> jobs;
};

/// Of restore: what of the backup, and as whom.
struct PartsArguments {
  std::vector<std::string> tables, exclude_tables;
  std::optional<std::string> as, role;
  bool schema_only = false, data_only = false, no_acl = false;
};

struct RestoreArguments {
  PartsArguments parts;
  std::optional<std::string> dbname, into, replace;
  bool drop_old = false;  ///< of --replace
  bool create = false, resume = false, prove = false, no_prove = false, no_owner = false,
       no_role_passwords = false;
  std::string roles = "missing";
  std::optional<unsigned> jobs;
};

/// Each overrides the policy of every source that is pruned.
struct PolicyArguments {
  std::optional<unsigned> keep_days, keep_min, keep_daily, keep_weekly, keep_monthly, keep_yearly;
  std::optional<double> max_delete_fraction;
  std::vector<std::string> pin_labels;
};

struct PruneArguments {
  PolicyArguments policy;
  std::vector<std::string> ignore_future;
  bool dry_run = false, force = false, after_failed_run = false;
};

struct ExportArguments {
  std::optional<std::string> output, table, format;
  bool header = false, no_owner = false, no_acl = false, no_tablespaces = false;
  bool no_single_transaction = false, no_restrict = false;
};

struct DrillArguments {
  std::optional<std::string> engine, image, pull, memory, work_dir, junit;
  std::optional<unsigned> jobs;
  bool keep = false, gc = false, amcheck = false;
};

struct NightlyArguments {
  std::vector<std::string> sources;
  bool all = false, low_priority = false;
  std::optional<std::string> timeout, unless_newer;
};

struct StatusArguments {
  std::vector<std::string> sources;
  bool nagios = false;
  std::optional<std::string> metrics;  ///< a file, or "-"
};

struct ReportArguments {
  std::vector<std::string> sources;
  std::optional<std::string> output;
};

struct ManualArguments {
  std::string dir;
  std::optional<std::string> toml;
  std::map<std::string, std::string> files;  ///< the pages, by name below dir
};

/// Of stack switch and stack rollback.
struct SwitchArguments {
  std::string name;
  bool dry_run = false, yes = false, no_drill = false, keep_data = false, data_from_backup = false,
       resume = false, without_new_data = false;
};

struct StackArguments {
  std::vector<std::string> names;
  SwitchArguments switching;
  bool all = false;
  std::optional<std::string> junit;
  std::optional<std::string> address, ca_file, wait;  ///< of routes
  bool insecure = false;
};

struct Arguments {
  std::string command;  ///< "backup", …; of a group both words: "stack check"
  std::optional<std::string> repo, config;
  std::optional<std::string> log_format;  ///< is read by log_format_among()
  std::optional<std::string> trace;       ///< a file
  bool json = false, quiet = false, verbose = false;
  Selection selection;  ///< of list, show, verify, restore, export, prune, pin and unpin
  BackupArguments backup;
  VerifyArguments verify;
  RestoreArguments restore;
  DrillArguments drill;
  PruneArguments prune;
  NightlyArguments nightly;
  StatusArguments status;
  ReportArguments report;
  ManualArguments manual;
  StackArguments stack;
  std::optional<std::string> reason;  ///< of pin
  ExportArguments exporting;
  bool all_tables = false;  ///< of show
};

}  // namespace pgassay::cli
