// A whole backup as one SQL script for psql.
#pragma once

#include <stop_token>
#include <string>

#include "core/repository/repository.h"
#include "core/system/observer.h"
#include "export/rows.h"

namespace pgassay::exports {

struct SqlExport {
  bool owners = true;              ///< false: --no-owner
  bool privileges = true;          ///< false: --no-acl
  bool tablespaces = true;         ///< false: --no-tablespaces
  bool single_transaction = true;  ///< false: one for each table
  bool restricted = true;          ///< false: without \restrict, for a psql that does not know it
};

/// Writes schema, rows, sequences, large objects, indexes and constraints, in this order; not the database
/// itself, its settings, or roles. Everything is in one transaction that the last line commits, and psql is
/// told to stop at the first error: of a script that was cut, or of a damaged backup, nothing is restored.
/// Where a part is not what the manifest says, the script is ended by a statement that fails and names it,
/// and BadBackup is thrown. Throws UsageError before it writes anything where a table's rows are kept in
/// binary. psql obeys nothing that the backup says: see PsqlFilter and NoEndMarker; and \restrict besides.
Exported export_sql(const Repository& repository, const Backup& backup, const SqlExport& options,
                    ChunkSink& out, Observer& observer, std::stop_token stop);

}  // namespace pgassay::exports
