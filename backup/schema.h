// The files that PostgreSQL's own tools write: schema.pgdump, statistics.pgdump and globals.sql.
#pragma once

#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "backup/backup.h"
#include "backup/newcomers.h"
#include "backup/preflight.h"
#include "core/postgres/roles.h"
#include "core/system/clock.h"

namespace pgassay::backup {

/// pg_dump or pg_dumpall failed, in words of the server's language that nobody reads: what it was about has
/// to be looked for.
class ToolFailed : public ErrorAs<ToolFailed, ErrorKind::failed> {
 public:
  using ErrorAs::ErrorAs;
};

/// How pg_dump and pg_dumpall reach the server. Taken from a connection beforehand: one may not be asked by a
/// second thread.
struct ChildAccess {
  explicit ChildAccess(const Connection& connection);
  std::string conninfo_for(const PgTool& tool) const;
  std::string conninfo, user, database, encoding;
  std::map<std::string, std::string> environment;
  std::string name_inside;  ///< of the sessions of tools that run in the server's container, and of no others
};

/// pg_dump of pre-data and post-data, under the snapshot when there is one. Throws SchemaBlocked when it had
/// to wait longer than the lock time-out: behind an ACCESS EXCLUSIVE in the queue it would wait for ever.
/// Adds to `said` what it said that is not known to be harmless. Leaves the newcomers out.
StoredFile dump_schema(const ChildAccess& access, const PgTool& pg_dump, const Snapshot* snapshot,
                       const std::vector<Newcomer>& newcomers, Seconds lock_timeout, const Place& dir,
                       std::vector<ToolWords>& said, std::stop_token stop);
/// What the planner knows of the relations' contents, but of the newcomers'. Throws as dump_schema().
StoredFile dump_statistics(const ChildAccess& access, const PgTool& pg_dump, const Snapshot& snapshot,
                           const std::vector<Newcomer>& newcomers, Seconds lock_timeout, const Place& dir,
                           std::stop_token stop);
struct Globals {
  StoredFile file;
  std::optional<std::vector<RoleFacts>> roles;  ///< as the file has them
  std::optional<LeftOut> left_out;              ///< the roles and tablespaces: the file holds none
};
/// pg_dumpall --globals-only. Not of the snapshot: roles belong to the cluster. Where it fails, or roles are
/// others afterwards, it is tried again, three times in all; those that changed the last time are in doubt.
/// Where it fails because a role's name is not in this database's encoding, the file holds no roles.
Globals dump_globals(const ChildAccess& access, const PgTool& pg_dumpall, bool role_passwords,
                     const Place& dir, std::vector<ToolWords>& said, std::stop_token stop);

}  // namespace pgassay::backup
