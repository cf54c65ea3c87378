// What a restore is asked for, and what it reports.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/postgres/connection.h"
#include "core/postgres/pg_tool.h"
#include "core/repository/manifest.h"
#include "core/system/clock.h"
#include "core/system/verdict.h"
#include "proof/accepted.h"
#include "restore/archive/selection.h"
#include "restore/loss.h"
#include "restore/steps.h"

namespace pgassay::restore {

enum class Roles { missing, none };

/// A copy that is to take another database's place (restore/whole/replace.h).
struct StandIn {
  std::string comment;  ///< that it bears instead of the backup's, from its beginning
  bool whole = false;   ///< all is there: only the proof is due
};

/// What every restore wants to know, whichever of the four it is.
struct RestoreContext {
  ConnInfo connection;  ///< the server; its dbname is the database that rows go into, or where CREATE
                        ///< DATABASE is said
  unsigned jobs = 2;
  bool prove = true;
  bool owners = true;                ///< false: --no-owner
  bool acl = true;                   ///< false: --no-acl, no privileges
  std::optional<PgTool> pg_restore;  ///< absent: one that fits the server is found
  Wanted wanted;                     ///< the tables, and whether their rows
  proof::Accepted accepted = {};     ///< differences that are no failure of the proof
};

/// A database, or a part of one, into one that is new or empty (restore/whole/restore.h).
struct IntoEmpty : RestoreContext {
  std::string into = {};  ///< the database's name; empty: the backup's own
  bool create = false;    ///< CREATE DATABASE from the manifest; it must not exist
  /// Goes on with what an interrupted restore of the same backup, or part of it, left in the database. One
  /// that is empty or, with `create`, absent is restored from the beginning.
  bool resume = false;
  Roles roles = Roles::missing;
  bool role_passwords = true;  ///< false: roles are created without
  /// The server is thrown away afterwards: no subscription is made, a role that can't be made as it was is a
  /// loss, no record is kept to go on with, and nobody is told what to clean up.
  bool throwaway = false;
  /// Goes on where the server's host lacks files, locales or libraries of some objects (--despite-host).
  bool despite_host = false;
  /// A directory for rows that no table takes, made when such a row comes; empty: they are only told of.
  Path rejects = {};
  /// Under which sessions load, validate and refresh, and under which what pg_restore could not make is tried
  /// again: a list as search_path_sql() gives it. Empty: none, as pg_restore has it.
  std::string search_path = {};
  /// Code of others than superusers gets no rights of ours where rows, CHECKs and domains call it
  /// (--distrust-owners); where the server is thrown away, it is so, but for what owners may not do.
  bool distrust_owners = false;
  /// Of COPY text, about, that a transaction takes of a table which can't go in whole: what an interruption
  /// may cost.
  std::uint64_t run_bytes = std::uint64_t{1} << 30;
  /// Called with a connection to the target once its pre-data is there, before any row.
  std::function<void(Connection&)> before_data = {};
  std::optional<StandIn> stand_in = {};  ///< of such, the record of the restore stays: see remove_record()
};

/// What goes into a database that is in use goes in one transaction.
struct IntoLive : RestoreContext {
  Seconds lock_timeout{10};
  /// Code of others than superusers runs with the rights of the restore, where it is a superuser's
  /// (--trust-owners).
  bool trust_owners = false;
};
struct WholeTables : IntoLive {
};  ///< tables that the database lacks, as they were (restore/tables/live_table.h)
struct RowsInto : IntoLive {};  ///< rows of tables that are there and empty (restore/tables/data_only.h)
/// Tables under another name, beside what is there (restore/tables/one_table.h).
struct TableBeside : IntoLive {
  std::string as = {};
};

using RestoreRequest = std::variant<IntoEmpty, WholeTables, TableBeside, RowsInto>;

const RestoreContext& context_of(const RestoreRequest& request);
RestoreContext& context_of(RestoreRequest& request);

struct RestoreReport {
  std::string database, server_version;
  bool resumed = false;  ///< it went on with what an interrupted restore had left
  std::vector<StepTime> steps;
  double seconds = 0;
  std::uint64_t rows = 0, raw_bytes = 0;
  std::vector<Loss> lost;   ///< what pg_restore or we could not restore; not empty: the command fails
  std::vector<Note> notes;  ///< what was done or left alone on purpose, with the reason
  /// What is in the backup and was not restored, for it was not asked for, a line each.
  std::vector<std::string> not_carried;
  /// What is left to be done, by hand.
  std::vector<std::string> next_steps;
  std::vector<std::string> roles_made;
  Verdict verdict = Verdict::unverified;  ///< of the proof; unverified when it was not asked for
  std::vector<Check> checks;
};

}  // namespace pgassay::restore
