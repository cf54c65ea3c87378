#include "restore/tables/transaction_restore.h"

#include <fmt/format.h>

#include <utility>

#include "proof/values_proof.h"

namespace pgassay::restore {

TransactionRestore::TransactionRestore(const Path& dir, Manifest manifest, const IntoLive& options,
                                       Observer& observer, std::stop_token stop)
    : dir_(dir),
      manifest_(std::move(manifest)),
      options_(options),
      observer_(observer),
      stop_(std::move(stop)) {}

RestoreReport TransactionRestore::run() {
  const Stopwatch watch;
  timed(RestoreStep::check, [this] { check(); });
  all_or_nothing(kNothing, committing_, observer_, [this] { write(); });
  finish();
  report_.seconds = watch.seconds();
  return std::move(report_);
}

PgTool TransactionRestore::pg_restore() const {
  return choose_pg_restore(manifest_.server.version, manifest_.summary.pg_dump_version_num, stop_);
}

void TransactionRestore::open() {
  connection_ = open_transaction_session(options_.connection, manifest_, stop_);
  report_.database = connection_->database();
  report_.server_version = connection_->parameter("server_version");
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
