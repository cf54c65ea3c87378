// What a restore is asked for, and what it reports.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/postgres/connection.h"
#include "core/postgres/pg_tool.h"
#include "core/repository/manifest.h"
#include "core/system/verdict.h"
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

struct RestoreOptions {
  ConnInfo connection;  ///< the server; its dbname is used to connect for CREATE DATABASE
  std::string into;     ///< the database's name; empty: the backup's own
  bool create = false;  ///< CREATE DATABASE from the manifest; it must not exist
  /// Goes on with what an interrupted restore of the same backup, or part of it, left in the database. One
  /// that is empty or, with `create`, absent is restored from the beginning. Not of what is one transaction.
  bool resume = false;
  Roles roles = Roles::missing;
  bool owners = true;          ///< false: --no-owner
  bool role_passwords = true;  ///< false: roles are created without
  bool acl = true;             ///< false: --no-acl, no privileges
  unsigned jobs = 2;
  bool prove = true;
  std::optional<PgTool> pg_restore;  ///< absent: one that fits the server is found
  /// The server is thrown away afterwards: no subscription is made, a role that can't be made as it was is a
  /// line in `lost`, no record is kept to go on with, and nobody is told what to clean up.
  bool throwaway = false;
  /// Called with a connection to the target once its pre-data is there, before any row.
  std::function<void(Connection&)> before_data;
  std::optional<StandIn> stand_in;  ///< of such, the record of the restore stays: see remove_record()
  Wanted wanted;                    ///< the tables, and whether their rows
  /// Not empty: under this name beside what is in the live database of `connection`
  /// (restore/tables/one_table.h).
  std::string as;
  /// Rows only, into tables of the database of `connection` that are there and empty
  /// (restore/tables/data_only.h).
  bool data_only = false;
  double lock_timeout_seconds = 10;  ///< in a live database
};

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
  Verdict verdict = Verdict::unverified;  ///< of the proof; unverified when it was not asked for
  std::vector<Check> checks;
};

}  // namespace pgassay::restore
