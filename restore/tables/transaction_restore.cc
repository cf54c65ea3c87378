#include "restore/tables/transaction_restore.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <set>
#include <utility>

#include "proof/values_proof.h"
#include "restore/load/owner_guard.h"

namespace pgassay::restore {

TransactionRestore::TransactionRestore(const Place& dir, Manifest manifest, const IntoLive& options,
                                       Observer& observer, std::stop_token stop)
    : dir_(dir),
      manifest_(std::move(manifest)),
      options_(options),
      observer_(observer),
      stop_(std::move(stop)) {}

RestoreReport TransactionRestore::run() {
  const Stopwatch watch;
  timed(RestoreStep::check, [this] { check(); });
  all_or_nothing(kNothing, committing_, observer_, [this] { write_within_rights(); });
  be_ourselves_again();
  finish();
  report_.seconds = watch.seconds();
  return std::move(report_);
}

void TransactionRestore::write_within_rights() {
  try {
    write();
  } catch (const Error& error) {
    if (!login_ || error.sqlstate() != kInsufficientPrivilege) error.raise();
    throw Error(fmt::format("{} lacks a right: {}", login_->owner(), error.what()),
                "grant it; or say --trust-owners, which loads with the rights of the restore", error);
  }
}

/// Its code may have done anything to a session, so nothing of ours is asked there.
void TransactionRestore::be_ourselves_again() {
  if (!login_) return;
  connection_.reset();
  login_.reset();
  connection_ = open_transaction_session(options_.connection, manifest_, stop_);
}

PgTool TransactionRestore::pg_restore() const {
  return choose_pg_restore(manifest_.server.version, manifest_.summary.pg_dump_version_num, stop_);
}

void TransactionRestore::open() {
  connection_ = open_transaction_session(options_.connection, manifest_, stop_);
  report_.database = connection_->database();
  report_.server_version = connection_->parameter("server_version");
}

bool TransactionRestore::guards_owners() {
  return !options_.trust_owners && !login_ && is_superusers_session(*connection_);
}

bool TransactionRestore::become_owner(const std::vector<QualifiedName>& tables, CodeOf which, bool defaults) {
  if (!guards_owners()) return false;
  const std::vector<TableOfOwner> found = find_tables_of_owners(*connection_, tables, which, defaults);
  std::set<std::string> code, owners;
  bool superusers = false;
  for (const TableOfOwner& table : found) {
    code.insert(table.code.begin(), table.code.end());
    owners.insert(table.owner);
    superusers = superusers || (table.owner_is_superuser && !table.code.empty());
  }
  if (code.empty()) return false;
  const std::string runs =
      fmt::format("{}: code that does not belong to a superuser would run with the rights of the restore: {}",
                  connection_->described(), fmt::join(code, ", "));
  if (superusers)
    throw Refused(runs + "; a superuser owns the table", "--trust-owners loads it all the same");
  if (owners.size() > 1)
    throw Refused(fmt::format("{}; the tables have more than one owner: {}", runs, fmt::join(owners, ", ")),
                  "restore the tables of one owner at a time, or say --trust-owners");
  become(*owners.begin(), code);
  return true;
}

void TransactionRestore::become(const std::string& owner, const std::set<std::string>& code) {
  connection_->query("ROLLBACK");
  login_.emplace(options_.connection, owner, observer_, stop_);
  connection_ = login_->open({code.begin(), code.end()}, "say --trust-owners");
  start_transaction_session(*connection_, manifest_);
  report_.notes.push_back({NoteKind::owner_code,
                           {},
                           {},
                           fmt::format("loaded with the rights of {} alone, whose code runs for each row: {}",
                                       login_->owner(), fmt::join(code, ", "))});
}

void TransactionRestore::note_encoding() {
  if (connection_->server_encoding() != manifest_.encoding)
    report_.notes.push_back({NoteKind::encoding,
                             {},
                             {},
                             fmt::format("encoding {} here, {} in the backup: rows are converted",
                                         connection_->server_encoding(), manifest_.encoding)});
}

void TransactionRestore::count(const TransactionLoad& load) {
  report_.rows = load.rows();
  report_.raw_bytes = load.raw_bytes();
}

void TransactionRestore::conclude(TransactionLoad& load) {
  report_.checks = load.conclude();
  report_.verdict = overall(report_.checks);
  throw_if_failed(report_.checks);
}

void TransactionRestore::check_sequence_values() {
  if (!options_.prove) return;
  proof::check_sequences(*connection_, manifest_.sequences, report_.checks);
  report_.verdict = overall(report_.checks);
}

void TransactionRestore::commit() {
  committing_ = true;
  commit_to_disk(*connection_);
  committing_ = false;
}

}  // namespace pgassay::restore
