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

class OwnerGuard;  // restore/load/owner_guard.h

/// What becomes of code of others than superusers that rows and rules call, where the session is a
/// superuser's.
enum class OwnersCode {
  trusted,            ///< it runs with our rights, as pg_restore has it
  guarded,            ///< in sessions of its tables' owners alone; what those may not do is lost, and told
  guarded_if_it_can,  ///< the same, but what they may not do runs with our rights
};

struct LoadJob {
  ConnInfo target;  ///< of the database itself
  Place dir;        ///< the backup
  const Manifest& manifest;
  unsigned jobs = 2;
  RestoreRecord& record;        ///< of the parts that are loaded: these are passed over
  bool wal_is_minimal = false;  ///< wal_level: rows of a new or emptied table need no WAL
  /// A directory of this restore alone, made when a row comes that nothing takes; empty: such rows are only
  /// told of.
  Path rejects = {};
  std::string search_path = {};  ///< as IntoEmpty's
  OwnersCode owners = OwnersCode::trusted;
  std::uint64_t run_bytes = std::uint64_t{1} << 30;  ///< as IntoEmpty's
};

/// A part a row of which the server did not take: nothing of the part is in the target.
struct RefusedPart {
  const Relation* relation;
  const Part* part;
  std::string sqlstate, why;
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
  std::vector<RefusedPart> refused = {};
};

/// Loads every table, those that call code last and one after the other (restore/load/late_tables.h). A part
/// that the server would not take (its table was lost, a row breaks a rule) is told as refused; the rest goes
/// on. Throws BadBackup for a part that is not what the manifest says, nothing of which is committed; Error
/// when the server fails. Indexes are built of tables all rows of which are in; what could not be built is in
/// `lost`.
Loaded load_tables(const LoadJob& job, const IndexBuilding& building, OwnerGuard& guard,
                   std::vector<Loss>& lost, Observer& observer, std::stop_token stop);

/// In the transaction that the connection is in, or that `begin`, statements with their semicolons, begins.
/// Throws ServerError when the server does not take it; then the part was compared with the manifest first.
void copy_part(Connection& connection, const LoadJob& job, const Relation& relation,
               const QualifiedName& into, const Part& part, Observer& observer,
               const std::string& begin = {});
/// The same of several, one after another, by one COPY: those that next() gives, at least one, until it gives
/// null. Of text rows.
void copy_parts(Connection& connection, const LoadJob& job, const Relation& relation,
                const QualifiedName& into, const std::function<const Part*()>& next, Observer& observer,
                const std::string& begin = {}, bool freeze = false);

/// Where the relation's rows go: itself, or the root that gives them to its partitions.
inline const QualifiedName& load_target(const Relation& relation) {
  return relation.via_root && relation.root ? *relation.root : relation.name;
}

/// Sequences, by setval.
void load_sequences(Connection& connection, const std::vector<Sequence>& sequences, std::vector<Loss>& lost);

/// True where the server refused what it was given, by whatever SQLSTATE, and so other objects may fare
/// better; false where the server itself is in trouble (core/postgres/server_trouble.h).
bool object_fault(const ServerError& error);

/// The session to load with, in the rows' settings.
Connection open_loader(const LoadJob& job, std::stop_token stop);
/// The same of a session that is there.
void start_loader(Connection& connection, const LoadJob& job);

}  // namespace pgassay::restore
