// Can a backup work here? Everything is looked at before anything is locked or written, and all findings come
// at once.
#pragma once

#include "backup/backup.h"
#include "core/postgres/catalog.h"
#include "core/postgres/pg_tool.h"

namespace pgassay::backup {

struct Preflight {
  ServerFacts server;
  PgTool pg_dump, pg_dumpall;
  bool role_passwords = true;  ///< pg_authid may be read
  bool reduced_locks = false;  ///< the lock table does not hold every table twice
  unsigned jobs = 1;
  std::vector<LeftOut> left_out;  ///< what our privileges do not reach
};

struct PreflightFinding {
  enum class Weight { passed, warning, refused };
  std::string check;  ///< "server", "privileges", "disk", …
  Weight weight = Weight::passed;
  std::string text, hint;
};

/// Why nothing can be backed up at that time of the server's clock: it would not become the newest.
std::optional<Refused> behind_the_newest(Time server_clock, const std::optional<Backup>& newest);

/// Why rows of the tables that are to be kept in binary can't be.
std::optional<Refused> refused_for_binary(Connection& connection, const std::vector<TableInfo>& tables,
                                          const TableChoice& choice);

/// All that can be seen beforehand, every check with its findings or passed; of a server that we do not know
/// no more than that. `root` is where the repository is, or will be.
std::vector<PreflightFinding> examine(Connection& connection, const Place& root, const BackupOptions& options,
                                      const std::optional<Backup>& newest, Preflight& result,
                                      std::stop_token stop);

/// Reports each finding to the observer (error: refused; warning: goes on) and throws Refused when there is
/// one. `newest`: the last readable backup of this database, if any.
Preflight preflight(Connection& connection, const Repository& repository, const BackupOptions& options,
                    const std::optional<Backup>& newest, Observer& observer, std::stop_token stop);

}  // namespace pgassay::backup
