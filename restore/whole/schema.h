// pg_restore runs: everything of the schema archive that is no data.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/postgres/connection.h"
#include "core/postgres/pg_tool.h"
#include "core/system/place.h"
#include "core/system/subprocess.h"
#include "restore/loss.h"

namespace pgassay::restore {

struct SchemaRun {
  PgTool pg_restore;
  Place archive;
  std::string section;  ///< "pre-data", "post-data"; empty: all
  unsigned jobs = 1;
  bool owners = true, tablespaces = true, subscriptions = true, acl = true;
  std::string role;                         ///< that pg_restore becomes; empty: it stays who it is
  std::optional<std::vector<int>> entries;  ///< of the archive; absent: all
  /// An interrupted run has made some of it: what is there already is no problem.
  bool again = false;
  std::string maintenance_work_mem;  ///< for it; empty: as it is
  /// A list as SET takes it, under which what fails is tried again (restore/whole/mend.h); empty: none.
  std::string search_path = {};
};

/// Restores the section into the database that `target` is connected to, and goes on after errors: what can
/// be had of the object all the same is made over `target` (restore/whole/mend.h), and each that is not what
/// it was is in `lost`, each failure that is known to be harmless in `notes`. Throws Error when pg_restore
/// itself failed: a ServerError where its words stand for an SQLSTATE.
void restore_section(Connection& target, const SchemaRun& run, std::vector<Loss>& lost,
                     std::vector<Note>& notes, std::stop_token stop);

/// pg_restore of that run, without its archive. `english`: the target lets us choose its language.
Command pg_restore_command(Connection& target, const SchemaRun& run, bool english);
/// The errors that pg_restore went on after, as it counts them in its last line. None: it says nothing.
std::optional<std::uint64_t> ignored_errors(std::string_view pg_restore_stderr);

/// One "pg_restore: error: …" and, where it was one, its statement.
struct SchemaProblem {
  std::string message, command;
  /// pg_restore shows the server's words and not its SQLSTATE. This is the one that they stand for, where it
  /// makes a difference to anybody: the server ran out of something or is going down, or a deadlock. Else
  /// empty; restore_section() asks the server for it where its host may lack something.
  std::string sqlstate;
  /// The object, or this property of it, is there: whoever began before us has made it.
  bool there_already = false;
  std::string harmless;  ///< why it is; empty: it is not
};
/// The one place that reads the words of pg_restore (in the language C) and of the server behind it (in
/// English, where we may choose).
std::vector<SchemaProblem> read_problems(std::string_view pg_restore_stderr);
/// What is lost by it. By its statement, which is pg_dump's and in SQL, and by its SQLSTATE.
Loss loss_by(const SchemaProblem& problem);

}  // namespace pgassay::restore
