// Roles of the target server, from the backup's globals.sql.
#pragma once

#include <string>
#include <vector>

#include "core/postgres/connection.h"
#include "restore/whole/globals_reader.h"
#include "restore/whole/restore.h"

namespace pgassay::restore {

/// What will be done, found out before anything is written.
struct RolePlan {
  std::vector<std::string> absent;              ///< roles of the backup that the server lacks
  std::vector<std::string> absent_tablespaces;  ///< the same of tablespaces; restore never makes any
  std::vector<GlobalStatement> statements;      ///< that make the absent roles what they were, in order
  std::vector<std::string> session;             ///< settings that the statements are to be read under
  std::vector<Note> notes;
  std::vector<Loss> lost;  ///< roles that this server can't have
  bool join = false;       ///< we are no superuser: only a member of a role can give it what it owns
  bool softly = false;     ///< a statement that fails is a line in `lost`, and the rest goes on
};

/// An existing role is never altered, nor its password, nor what it is a member of. Writes nothing. Throws
/// Refused when roles are absent that we may not create, BadBackup when globals.sql holds anything
/// unexpected.
RolePlan plan_roles(Connection& connection, const std::string& globals, const IntoEmpty& options);

/// With `join` we are made a member of the roles that were made, and a note says so. All or nothing, but for
/// memberships and privileges on parameters, of which a failing one is named in `lost`; softly: so is every
/// other statement.
void create_roles(Connection& connection, const RolePlan& plan, std::vector<Loss>& lost,
                  std::vector<Note>& notes);

/// The roles that the restore made against those of the source, but for what is told already of one; nothing
/// where the backup does not say what they were. What is another of those that were here before is a note of
/// the report's. Over a connection of start_reading_session(), to the restored database.
std::vector<Check> prove_roles(Connection& connection, const Manifest& manifest, RestoreReport& report);

}  // namespace pgassay::restore
