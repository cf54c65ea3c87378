// pgassay.toml. It is read strictly: what is not understood is an error with its line, never ignored.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/postgres/connection.h"
#include "core/store/open_store.h"
#include "core/system/clock.h"
#include "core/system/files.h"
#include "drill/assertions.h"
#include "source/find_container.h"
#include "stack/model/settings.h"

namespace pgassay::cli {

/// The keys of retention, at the top and in [source.NAME].
struct RetentionConfig {
  std::optional<unsigned> keep_days, keep_min, keep_daily, keep_weekly, keep_monthly, keep_yearly;
  std::optional<double> max_delete_fraction, shrink_alarm;
  std::optional<std::vector<std::string>> pin_labels;
};

/// [drill] and [source.NAME.drill].
struct DrillConfig {
  std::optional<std::string> engine, image, pull, search_path;
  std::optional<std::uint64_t> memory_bytes;
  std::optional<Path> work_dir;
  std::optional<bool> amcheck, accept_other_versions, allow_weak_sandbox;
  std::vector<drill::Assertion> assertions;  ///< of a source only
};

/// [notify] and [source.NAME.notify].
struct NotifyConfig {
  std::optional<std::string> ping_url, webhook_url, mail_to, when, ca_file;
  std::optional<std::vector<std::string>> command;
  std::optional<Seconds> timeout;
};

/// When somebody should worry: at the top and in [source.NAME].
struct WatchConfig {
  std::optional<Seconds> max_age, drill_every;
};

/// [source.NAME]; what is absent falls back to the top of the file, then to the command's default.
struct SourceConfig {
  ConnInfo connection;
  source::ContainerName container;
  std::optional<unsigned> jobs;
  std::optional<int> compression;
  std::vector<std::string> exclude_table_data, binary_table, exclude_databases, accept;
  bool all_databases = false;
  std::optional<Seconds> lock_timeout, stall_timeout, warn_snapshot_age, max_snapshot_age;
  std::optional<std::uint64_t> max_rate;
  std::optional<std::string> lock_policy, split_tables, pg_dump, label;
  std::optional<Seconds> full_every;
  std::optional<bool> role_passwords, digest_matviews;
  DrillConfig drill;
  RetentionConfig retention;
  NotifyConfig notify;
  WatchConfig watch;
  std::optional<std::vector<std::string>> push;
};

/// [store.NAME]: where copies lie off the host.
struct StoreConfig {
  StoreAt at;
  std::vector<std::string> recipients;  ///< age's public keys; empty: in clear
  Path identity_file;                   ///< empty: this host reads nothing encrypted
  Path sign_key, allowed_signers;       ///< empty: nothing is signed, no signature is asked for
};

struct Config {
  Path file;  ///< empty: no configuration
  std::optional<Path> repository;
  std::optional<unsigned> jobs;
  std::optional<int> compression;
  std::optional<Seconds> full_every;
  RetentionConfig retention;
  DrillConfig drill;
  NotifyConfig notify;
  WatchConfig watch;
  std::vector<std::string> push;  ///< names of stores that nightly pushes to
  std::optional<Path> metrics_file;
  std::map<std::string, SourceConfig> sources;
  std::map<std::string, stack::StackSettings> stacks;
  std::map<std::string, stack::SwitchSettings> switches;
  std::map<std::string, StoreConfig> stores;
};

inline constexpr unsigned kMaxJobs = 64;
inline constexpr int kMaxCompression = 19;
inline constexpr std::chrono::seconds kMaxLockTimeout(3600);
inline constexpr Seconds kLongest = std::chrono::days(1);  ///< of most durations
inline constexpr unsigned kMaxKept = 100'000;              ///< of keep_days and its kin: some 270 years

/// `text` as the file `name`. Throws UsageError "name:LINE: …".
Config parse_config(std::string_view text, const Path& name);
/// --config, else $PGASSAY_CONFIG, ./pgassay.toml, /etc/pgassay/pgassay.toml; an empty Config when there is
/// none. The first two must exist.
Config load_config(const std::optional<std::string>& flag);

/// Throws UsageError naming `what` when it can't be a source's name: letters, digits, '_', '-', '.', no
/// leading '.' or '-'.
void check_source_name(std::string_view name, const std::string& what);

}  // namespace pgassay::cli
