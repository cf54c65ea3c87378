// Rows that are loaded and proved over one connection, in the transaction that it is in: nobody sees any of
// them before it commits, and none is left when it does not.
#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "core/postgres/connection.h"
#include "core/repository/manifest.h"
#include "core/system/clock.h"
#include "core/system/observer.h"
#include "core/system/verdict.h"
#include "proof/accepted.h"
#include "restore/load/part_feed.h"

namespace pgassay::restore {

/// A table, and the columns that COPY names.
struct CopyTarget {
  QualifiedName table;
  std::vector<std::string> columns;
  bool freeze = false;         ///< it was made in this transaction, in this very one
  bool with_children = false;  ///< read it with its partitions; else only what is in itself
};

class TransactionLoad {
 public:
  TransactionLoad(Connection& connection, const Place& dir, const Manifest& manifest, Observer& observer)
      : connection_(connection), dir_(dir), manifest_(manifest), observer_(observer) {}

  /// Loads the rows of these relations' parts. Throws BadBackup when a part is not what the manifest says,
  /// Error naming the table when the server does not take it.
  void load(const std::vector<std::pair<const Relation*, CopyTarget>>& work, std::stop_token stop);
  /// Reads the table's rows again, in the format of those in the backup, and compares them. Passes are summed
  /// up in conclude(). `then`: the relation, where the target is all of it and nothing else.
  void prove(const CopyTarget& target, RowFormat format, const RowDigest& expected,
             const Relation* then = nullptr);
  /// The same of a whole relation, with what is stored in its generated columns.
  void prove(const CopyTarget& target, const Relation& then, const RowDigest& expected,
             const std::optional<GeneratedDigest>& generated, const proof::Accepted& accepted);
  /// The checks: one for each table that differs, else one of all.
  std::vector<Check> conclude(std::vector<Check> others = {});

  std::uint64_t rows() const { return rows_; }
  std::uint64_t raw_bytes() const { return raw_bytes_; }

 private:
  void load_part(const Part& part, const CopyTarget& target);
  void compare(const CopyTarget& target, const RowDigest& expected, const RowDigest& found,
               const Relation* then);
  std::vector<std::string> excuses();

  Connection& connection_;
  const Place& dir_;
  const Manifest& manifest_;
  Observer& observer_;
  std::uint64_t rows_ = 0, raw_bytes_ = 0, tables_proved_ = 0, rows_proved_ = 0;
  std::vector<Check> differing_;
};

/// The session to load with, in the rows' settings.
Connection open_transaction_session(const ConnInfo& target, const Manifest& manifest, std::stop_token stop);
/// The same of a session that is there.
void start_transaction_session(Connection& connection, const Manifest& manifest);

/// BEGIN. In this transaction nobody's lock is waited for any longer: whoever comes after us would wait as
/// well.
void begin_with_lock_timeout(Connection& connection, Seconds timeout);

/// Runs the work of one transaction. Whatever it throws says `nothing` in its hint, what was left as it was;
/// but once it is committing, that this is to be looked at.
void all_or_nothing(std::string_view nothing, const bool& committing, Observer& observer,
                    const std::function<void()>& work);

/// `sql` names it for the server. Throws Error where that takes too long.
void lock_table(Connection& connection, const std::string& sql, const char* mode, const std::string& shown);

/// Throws Refused when there is a relation or a type of that name.
void check_name_is_free(Connection& connection, const QualifiedName& name, const std::string& hint);

/// Throws BadBackup with the first check that failed.
void throw_if_failed(const std::vector<Check>& checks);

/// So that what was said to be done is on the server's disk: sessions that load do not wait for that.
void commit_to_disk(Connection& connection);

}  // namespace pgassay::restore
