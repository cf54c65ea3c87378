// What a switch asks of the databases: does anybody write, are two the same, what would be lost.
#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "backup/backup.h"
#include "core/repository/manifest.h"

namespace pgassay::stack {

/// The server in that container, by the source's user and database where they are said, and wherever the
/// source says that its server is: a switch knows its containers by their labels. All tables with their rows.
backup::BackupOptions reach_database(backup::BackupOptions source, const std::string& container_id,
                                     const std::optional<std::string>& database, Observer& observer,
                                     const std::stop_token& stop);

/// The same two times: no transaction that wrote ended in between, in any database of the server.
struct Stillness {
  std::string xmax;     ///< of the present snapshot
  std::string catalog;  ///< of every object's definition in this database
};
/// Nobody but us is connected to the database, and nothing is prepared. Sessions that are ending are waited
/// for, for some seconds. Throws Refused naming who is there.
Stillness await_stillness(const ConnInfo& database, const std::stop_token& stop);

/// Empty: the database is what the backup holds: the same tables, every row's digest, sequences, large
/// objects. Else the first difference, or what could not be compared.
std::string difference(const ConnInfo& database, const Manifest& backup, unsigned jobs, Observer& observer,
                       std::stop_token stop);

/// A table whose rows are not the same in both backups.
struct ChangedTable {
  QualifiedName table;
  std::optional<std::uint64_t> before, after;  ///< rows; absent: there is no such table
};
std::vector<ChangedTable> changed_tables(const Manifest& before, const Manifest& after);

}  // namespace pgassay::stack
