// Rows into tables: parallel COPY … FROM of every part.
#pragma once

#include <functional>
#include <map>
#include <stop_token>
#include <string>
#include <vector>

#include "core/postgres/connection.h"
#include "core/repository/manifest.h"
#include "core/system/observer.h"
#include "restore/load/early_indexes.h"
#include "restore/resume.h"

namespace pgassay::restore {

struct LoadJob {
  ConnInfo target;  ///< of the database itself
  Path dir;         ///< the backup
  const Manifest& manifest;
  unsigned jobs = 2;
  RestoreRecord& record;        ///< of the parts that are loaded: these are passed over
  bool wal_is_minimal = false;  ///< wal_level: rows of a new or emptied table need no WAL
};

/// Indexes that are built while rows of other tables are loaded.
struct IndexBuilding {
  std::map<const Relation*, TableIndexes> indexes;
  /// Makes entries of the schema archive and returns what could not be made. Called from any thread, with a
  /// session of that thread's.
  std::function<std::vector<Loss>(Connection&, const std::vector<int>&, std::stop_token)> build;
};

struct Loaded {
  std::uint64_t rows = 0, raw_bytes = 0;
};

/// Loads every table. A part that the server would not take (its table was lost, a row breaks a constraint)
/// is a line in `lost`, and nothing of it is in the target; the rest goes on. Throws BadBackup for a part
/// that is not what the manifest says, nothing of which is committed; Error when the server fails.
/// Indexes are built of tables all rows of which are in.
Loaded load_tables(const LoadJob& job, const IndexBuilding& building, std::vector<Loss>& lost,
                   Observer& observer, std::stop_token stop);

/// Sequences, by setval.
void load_sequences(Connection& connection, const std::vector<Sequence>& sequences, std::vector<Loss>& lost);

/// True where the server refused what it was given (data, constraint, no such object), and so other objects
/// may fare better; false where the server itself is in trouble (disk, memory, shutdown).
bool object_fault(const ServerError& error);

/// The session to load with, in the rows' settings.
Connection open_loader(const LoadJob& job, std::stop_token stop);

}  // namespace pgassay::restore
