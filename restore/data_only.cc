#include "restore/data_only.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>

#include "core/repository/layout.h"
#include "restore/backup_files.h"
#include "restore/forward.h"
#include "restore/in_transaction.h"
#include "restore/landing.h"
#include "restore/proof_beside_rows.h"
#include "restore/quiet_triggers.h"

namespace pgassay {
namespace {

constexpr std::size_t kShown = 8;

std::string some_of(std::vector<std::string> lines) {
  const std::size_t all = lines.size();
  if (all > kShown) lines.resize(kShown);
  return fmt::format("{}{}", fmt::join(lines, "; "),
                     all > kShown ? fmt::format("; and {} more", all - kShown) : "");
}

class RowRestore {
 public:
  RowRestore(const Path& dir, Manifest manifest, const RestoreOptions& options, Observer& observer,
             std::stop_token stop)
      : dir_(dir),
        manifest_(std::move(manifest)),
        options_(options),
        observer_(observer),
        stop_(std::move(stop)) {}

  RestoreReport run() {
    const Stopwatch watch;
    timed("check", [this] { check(); });
    all_or_nothing(kNothing, committing_, observer_, [this] { write(); });
    analyze();
    report_.seconds = watch.seconds();
    return std::move(report_);
  }

 private:
  static constexpr const char* kNothing = "nothing was changed in the database";

  template <typename Body>
  void timed(const char* name, Body body) {
    observer_.phase(name);
    const Stopwatch watch;
    body();
    report_.phases.push_back({name, watch.seconds()});
  }

  void check() {
    select_what_is_wanted();
    check_files(dir_, manifest_);
    connection_ = open_transaction_session(options_.connection, manifest_, stop_);
    report_.database = connection_->database();
    report_.server_version = connection_->parameter("server_version");
    landing_ = find_landing(*connection_, manifest_);
    if (!landing_.differences.empty())
      throw Refused(
          fmt::format("{}: not what the backup has: {}", connection_->described(),
                      some_of(landing_.differences)),
          "restore those tables beside with --as, or the whole backup into a database of its own; nothing "
          "was changed");
    if (landing_.places.empty()) throw UsageError("the backup has no rows of what is selected");
    report_.notes = landing_.notes;
    if (connection_->server_encoding() != manifest_.encoding)
      report_.notes.push_back(fmt::format("encoding {} here, {} in the backup: rows are converted",
                                          connection_->server_encoding(), manifest_.encoding));
  }

  void select_what_is_wanted() {
    if (!options_.wanted.everything()) {
      const PgTool tool =
          choose_pg_restore(manifest_.server.version, manifest_.summary.pg_dump_version_num, stop_);
      manifest_ = select(std::move(manifest_), list_archive(tool, dir_ / kSchemaFile, stop_), options_.wanted)
                      .manifest;
    }
    std::vector<std::string> extensions, views;
    for (const Relation& relation : manifest_.relations) {
      if (!relation.extension.empty() && relation.digest.rows > 0)
        extensions.push_back(relation.name.shown());
      if (relation.kind == 'm' && relation.populated) views.push_back(relation.name.shown());
      if (relation.data == Data::excluded)
        report_.not_carried.push_back("rows of " + relation.name.shown() + ": not in the backup");
    }
    if (!extensions.empty())
      report_.not_carried.push_back("rows of extensions' own tables: " + some_of(extensions));
    if (!views.empty()) report_.next_steps.push_back("REFRESH MATERIALIZED VIEW of " + some_of(views));
    if (manifest_.large_objects.count > 0)
      report_.not_carried.push_back(fmt::format("large objects: {}", manifest_.large_objects.count));
    report_.not_carried.emplace_back("everything but rows and values of sequences, as --data-only says");
    std::erase_if(manifest_.sequences, [](const Sequence& sequence) { return !sequence.extension.empty(); });
  }

  void write() {
    begin_with_patience(*connection_, options_.lock_timeout_seconds);
    timed("lock", [this] { lock(); });
    std::vector<Oid> tables;
    for (const LandingPlace& place : landing_.places) tables.push_back(place.table.oid);
    QuietTriggers triggers(*connection_, tables);
    if (!triggers.triggers().empty())
      report_.notes.push_back("did not fire: " + some_of(triggers.triggers()));
    TransactionLoad load(*connection_, dir_, manifest_, observer_);
    timed("data", [&] {
      std::vector<std::pair<const Relation*, CopyTarget>> work;
      for (const LandingPlace& place : landing_.places)
        work.insert(work.end(), place.work.begin(), place.work.end());
      load.load(work, stop_);
    });
    report_.rows = load.rows();
    report_.raw_bytes = load.raw_bytes();
    if (options_.prove) timed("proof", [&] { prove(load); });
    // They lock tables that are in use, until the commit.
    timed("foreign keys", [&] { triggers.check_foreign_keys(); });
    timed("sequences", [&] { move_sequences(); });
    committing_ = true;
    commit_to_disk(*connection_);
    committing_ = false;
  }

  /// Readers go on; whoever would write to the empty tables waits.
  void lock() {
    for (const LandingPlace& place : landing_.places) {
      const std::string only = place.partitioned() ? "" : "ONLY ", name = place.table.name.quoted();
      lock_table(*connection_, only + name, "SHARE ROW EXCLUSIVE", place.table.name.shown());
      if (connection_->query(fmt::format("SELECT FROM {}{} LIMIT 1", only, name)).rows() > 0)
        throw Refused(
            fmt::format("{}: table {} is not empty", connection_->described(), place.table.name.shown()),
            "restore its rows beside it with --as, and put back what is missing");
    }
  }

  void prove(TransactionLoad& load) {
    for (const LandingPlace& place : landing_.places)
      load.prove({place.table.name, place.columns, false, place.partitioned()}, place.expected());
    report_.checks = load.conclude();
    report_.verdict = overall(report_.checks);
    throw_if_failed(report_.checks);
  }

  /// Last, for it can't be undone: all rows are there and proved.
  void move_sequences() {
    const std::vector<std::string> absent = move_sequences_forward(*connection_, manifest_.sequences);
    if (!absent.empty())
      report_.not_carried.push_back("values of sequences that are not here: " + some_of(absent));
    if (!options_.prove) return;
    check_sequences(*connection_, manifest_.sequences, report_.checks);
    report_.verdict = overall(report_.checks);
  }

  void analyze() {
    for (const LandingPlace& place : landing_.places) {
      try {
        connection_->query("ANALYZE " + place.table.name.quoted());
      } catch (const Error& error) {
        report_.notes.push_back(
            fmt::format("ANALYZE of {} failed, run it again: {}", place.table.name.shown(), error.what()));
        return;
      }
    }
  }

  const Path& dir_;
  Manifest manifest_;
  const RestoreOptions& options_;
  Observer& observer_;
  std::stop_token stop_;
  RestoreReport report_;
  Landing landing_;
  std::optional<Connection> connection_;
  bool committing_ = false;
};

}  // namespace

RestoreReport restore_rows(const Path& dir, Manifest manifest, const RestoreOptions& options,
                           Observer& observer, std::stop_token stop) {
  return RowRestore(dir, std::move(manifest), options, observer, std::move(stop)).run();
}

}  // namespace pgassay
