// Taking a backup of one database: preflight, lock, snapshot, schema, data, publish.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "backup/table_choice.h"
#include "core/postgres/connection.h"
#include "core/postgres/pg_tool.h"
#include "core/repository/repository.h"
#include "core/system/clock.h"
#include "core/system/observer.h"
#include "source/application_name.h"
#include "source/find_container.h"

namespace pgassay::backup {

using source::kApplicationName;

enum class LockPolicy { warn, yield };
enum class SplitTables { never, as_needed };

struct BackupOptions {
  std::string source;  ///< its name in the repository
  ConnInfo connection;
  /// Where the server is, beside or in place of `connection`: with_server() finds out the rest, and the next
  /// one.
  source::ContainerName container;
  std::optional<PgTool> pg_dump_elsewhere;  ///< the container's own
  unsigned jobs = 2;
  int zstd_level = 1;
  std::string label;
  bool pin = false;
  TableOptions tables;
  Seconds lock_timeout{10};
  LockPolicy lock_policy = LockPolicy::warn;
  SplitTables split_tables = SplitTables::never;      ///< read large tables over several workers
  std::uint64_t max_rate = 0;                         ///< bytes of rows in a second; 0: no limit
  Seconds warn_snapshot_age = std::chrono::hours(1);  ///< it is told when the snapshot is as old; 0: never
  Seconds max_snapshot_age{0};                        ///< the backup ends then; 0: never
  /// How long the server may send nothing while it copies rows; 0: for ever. Statements that may have to wait
  /// or to think have six times as long, and the lock time-out.
  Seconds stall_timeout{300};
  std::string pg_dump;                        ///< a path; empty: found
  Seconds full_every = std::chrono::days(7);  ///< parts are all stored anew after this long; 0: always
  bool role_passwords = true;
  bool digest_matviews = false;  ///< read the rows of materialized views, and keep their number and digest
  std::string tool_version;
  /// System identifiers of servers that took each other's place: none of them is another server to be told
  /// of.
  std::set<std::string> same_servers;
  /// Bytes that pruning this source's database would free: asked when the disk is too full for a backup, for
  /// the hint. Empty: not known.
  std::function<std::uint64_t(const std::string& database)> prunable_bytes;
};

struct TakenBackup {
  Place dir;
  ManifestSummary summary;
  std::vector<LeftOut> left_out;
  std::vector<ToolWords> tools_said;
  /// The last backup is of another server, or of another database of that name: in words, else empty.
  std::string other_origin = {};
};

/// The same options with a server that can be connected to, found out once: connection and pg_dump in place
/// of the container's name. As they are where no container is named. Throws as source::reach().
BackupOptions with_server(const BackupOptions& options, Observer& observer, const std::stop_token& stop);

/// Throws Refused (preflight's findings, all at once), Locked, Error, Stopped. Nothing is left behind on any
/// of them.
TakenBackup take_backup(const Repository& repository, const BackupOptions& options, Observer& observer,
                        std::stop_token stop);

}  // namespace pgassay::backup
