#include "restore/tables/in_transaction.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "core/postgres/catalog.h"
#include "core/postgres/session.h"
#include "core/system/cancellation.h"
#include "proof/generated_check.h"
#include "proof/readers.h"
#include "proof/reg_numbers.h"
#include "proof/row_proof.h"
#include "restore/application_name.h"

namespace pgassay::restore {
namespace {

constexpr unsigned kWorker = 0;

std::string read_sql(const CopyTarget& target, const CopyFormat& format,
                     const std::vector<std::string>& generated) {
  if (!target.with_children) return copy_out_sql(target.table, target.columns, {}, {}, format, generated);
  std::vector<std::string> columns = target.columns;
  columns.insert(columns.end(), generated.begin(), generated.end());
  return copy_tree_out_sql(target.table, columns, format);
}

}  // namespace

void TransactionLoad::load(const std::vector<std::pair<const Relation*, CopyTarget>>& work,
                           std::stop_token stop) {
  std::uint64_t parts = 0, raw = 0;
  for (const auto& [relation, target] : work) {
    for (const Part& part : relation->parts) {
      ++parts;
      raw += part.raw;
    }
  }
  observer_.plan(parts, raw);
  for (const auto& [relation, target] : work) {
    for (const Part& part : relation->parts) {
      throw_if_stopped(stop);
      observer_.part_started(kWorker, relation->name.shown());
      try {
        load_part(part, target);
      } catch (const ServerError& error) {
        check_part(dir_, part);
        throw Error(fmt::format("table {}: {}: {}", target.table.shown(), part.file, error.what()),
                    error.hint(), error);
      }
      observer_.part_finished(kWorker, relation->name.shown());
    }
  }
}

void TransactionLoad::load_part(const Part& part, const CopyTarget& target) {
  if (part.digest.rows == 0) {
    NoRows none;
    return feed_part(dir_, part, none, observer_);
  }
  const std::uint64_t rows = connection_.copy_in(
      copy_in_sql(target.table, target.columns, {manifest_.encoding, part.format}, target.freeze),
      [&](ChunkSink& sink) { feed_part(dir_, part, sink, observer_); });
  if (rows != part.digest.rows)
    throw Error(fmt::format("table {}: {}: the server took {} rows of {}", target.table.shown(), part.file,
                            rows, part.digest.rows));
  rows_ += rows;
  raw_bytes_ += part.raw;
}

void TransactionLoad::prove(const CopyTarget& target, RowFormat format, const RowDigest& expected,
                            const Relation* then) {
  proof::DigestSink sink(observer_, format);
  connection_.copy_out(read_sql(target, {manifest_.encoding, format}, {}), sink, format);
  sink.tell();
  compare(target, expected, sink.finish(), then);
}

void TransactionLoad::prove(const CopyTarget& target, const Relation& then, const RowDigest& expected,
                            const std::optional<GeneratedDigest>& generated,
                            const proof::Accepted& accepted) {
  const std::vector<std::string> names =
      generated ? digested_names(then.generated) : std::vector<std::string>();
  if (names.empty()) {
    if (expected.rows > 0 && proof::has_generated(then)) differing_.push_back(proof::unknown_generated(then));
    return prove(target, then.format, expected, &then);
  }
  proof::DigestSink sink(observer_, then.format);
  GeneratedCutter cutter(sink, target.columns.size(), names.size(), then.format);
  connection_.copy_out(read_sql(target, {manifest_.encoding, then.format}, names), cutter, then.format);
  const GeneratedDigest found = cutter.finish();
  sink.tell();
  const std::size_t before = differing_.size();
  compare(target, expected, sink.finish(), &then);
  if (differing_.size() == before)
    proof::check_generated(then, *generated, found, accepted, excuses(), differing_);
}

std::vector<std::string> TransactionLoad::excuses() {
  std::vector<std::string> reasons = proof::other_versions(connection_, manifest_);
  if (connection_.server_encoding() != manifest_.encoding)
    reasons.push_back(
        fmt::format("encoding {} here, {} in the backup", connection_.server_encoding(), manifest_.encoding));
  return reasons;
}

void TransactionLoad::compare(const CopyTarget& target, const RowDigest& expected, const RowDigest& found,
                              const Relation* then) {
  ++tables_proved_;
  rows_proved_ += found.rows;
  if (found == expected) return;
  const std::string name = "table " + target.table.shown();
  const CheckId id = {CheckKind::rows, target.table.shown(), {}};
  if (found.rows != expected.rows) {
    differing_.push_back(
        {name, Verdict::fail, fmt::format("{} rows instead of {}", found.rows, expected.rows), id});
    return;
  }
  if (then != nullptr)
    if (std::optional<std::string> told =
            proof::values_written_otherwise(connection_, dir_, *then, manifest_)) {
      differing_.push_back({name, Verdict::pass, std::move(*told), id});
      return;
    }
  const std::string detail = fmt::format("{} rows, but not the same: digest {} instead of {}", found.rows,
                                         found.hex(), expected.hex());
  const std::vector<std::string> reasons = excuses();
  differing_.push_back({name, reasons.empty() ? Verdict::fail : Verdict::unverified,
                        reasons.empty()
                            ? detail
                            : fmt::format("{}; that proves nothing: {}", detail, fmt::join(reasons, ", ")),
                        id});
}

std::vector<Check> TransactionLoad::conclude(std::vector<Check> others) {
  std::vector<Check> checks = std::move(differing_);
  if (tables_proved_ > 0 &&
      std::ranges::all_of(checks, [](const Check& one) { return one.verdict == Verdict::pass; }))
    checks.push_back(
        {"tables", Verdict::pass,
         fmt::format("{} table{}, {} rows", tables_proved_, tables_proved_ == 1 ? "" : "s", rows_proved_)});
  checks.insert(checks.end(), others.begin(), others.end());
  return checks;
}

Connection open_transaction_session(const ConnInfo& target, const Manifest& manifest, std::stop_token stop) {
  Connection connection = Connection::open(target, kRestoreApplication, stop);
  start_transaction_session(connection, manifest);
  return connection;
}

void start_transaction_session(Connection& connection, const Manifest& manifest) {
  const auto money = manifest.session.find("lc_monetary");
  start_loading_session(connection, money == manifest.session.end() ? "" : money->second);
}

void begin_with_lock_timeout(Connection& connection, Seconds timeout) {
  connection.query(
      fmt::format("BEGIN; SET LOCAL lock_timeout = '{}ms'", std::lround(timeout.count() * 1000)));
}

void all_or_nothing(std::string_view nothing, const bool& committing, Observer& observer,
                    const std::function<void()>& work) {
  const auto hint = [&](const std::string& first) {
    if (committing) return std::string("look at it: the whole of it was done, or nothing");
    return first.empty() ? std::string(nothing) : fmt::format("{}; {}", first, nothing);
  };
  try {
    work();
  } catch (const Stopped& error) {
    observer.message(Level::warning, hint({}));
    error.raise();
  } catch (const Error& error) {
    error.with_hint(hint(error.hint()))->raise();
  }
}

void lock_table(Connection& connection, const std::string& sql, const char* mode, const std::string& shown) {
  try {
    connection.query(fmt::format("LOCK TABLE {} IN {} MODE", sql, mode));
  } catch (const ServerError& error) {
    throw Error(fmt::format("table {}: could not be locked: {}", shown, error.what()),
                error.sqlstate() == "55P03" ? "end whoever uses it, then run it again" : error.hint());
  }
}

void check_name_is_free(Connection& connection, const QualifiedName& name, const std::string& hint) {
  const Result found = connection.query(
      "SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
      " WHERE n.nspname = $1 AND c.relname = $2"
      " UNION ALL SELECT FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace"
      " WHERE n.nspname = $1 AND t.typname = $2",
      {name.schema, name.name});
  if (found.rows() == 0) return;
  throw Refused(fmt::format("{}: {} exists: it is not written over", connection.described(), name.shown()),
                hint);
}

void throw_if_failed(const std::vector<Check>& checks) {
  for (const Check& check : checks)
    if (check.verdict == Verdict::fail)
      throw BadBackup(fmt::format("the proof failed: {}: {}", check.name, check.detail),
                      "`pgassay verify` says whether the backup is damaged");
}

void commit_to_disk(Connection& connection) {
  connection.query("SET LOCAL synchronous_commit = on; COMMIT");
}

}  // namespace pgassay::restore
