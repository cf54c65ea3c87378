// pg_restore runs: everything of the schema archive that is no data.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/postgres/connection.h"
#include "core/postgres/pg_tool.h"
#include "core/system/files.h"

namespace pgassay::restore {

struct SchemaRun {
  PgTool pg_restore;
  Path archive;
  std::string section;  ///< "pre-data", "post-data"
  unsigned jobs = 1;
  bool owners = true, tablespaces = true, subscriptions = true, acl = true;
  std::string role;                         ///< that pg_restore becomes; empty: it stays who it is
  std::optional<std::vector<int>> entries;  ///< of the archive; absent: all
  /// An interrupted run has made some of it: what is there already is no problem.
  bool again = false;
  std::string maintenance_work_mem;  ///< for it; empty: as it is
};

/// Restores the section into the database that `target` is connected to, and goes on after errors: each
/// object that could not be made is a line in `lost`, each failure that is known to be harmless one in
/// `notes`. Throws Error when pg_restore itself failed.
void restore_section(Connection& target, const SchemaRun& run, std::vector<std::string>& lost,
                     std::vector<std::string>& notes, std::stop_token stop);

/// A new database's schema public as that pg_dump takes it to be: from 15 on nobody but its owner may create
/// in it (https://www.postgresql.org/docs/15/release-15.html), and older servers let everybody. What the
/// archive grants and revokes is told from there.
void open_public_no_wider_than(int archive_version, Connection& target);

/// One "pg_restore: error: …" and, where it was one, its statement.
struct SchemaProblem {
  std::string message, command;
};
std::vector<SchemaProblem> read_problems(std::string_view pg_restore_stderr);
/// Does it say that the object, or this property of it, is there? Then whoever began before us has made it.
bool there_already(const SchemaProblem& problem);
/// Why the problem is harmless; empty: it is not.
std::string tolerated(const SchemaProblem& problem);

}  // namespace pgassay::restore
