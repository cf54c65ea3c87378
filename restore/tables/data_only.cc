#include "restore/tables/data_only.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

#include "core/repository/layout.h"
#include "restore/backup_files.h"
#include "restore/tables/live_checks.h"
#include "restore/tables/row_targets.h"
#include "restore/tables/sequence_positions.h"
#include "restore/tables/transaction_restore.h"
#include "restore/tables/triggers_off.h"

namespace pgassay::restore {
namespace {

constexpr std::size_t kShown = 8;

std::string some_of(std::vector<std::string> lines) {
  const std::size_t all = lines.size();
  if (all > kShown) lines.resize(kShown);
  return fmt::format("{}{}", fmt::join(lines, "; "),
                     all > kShown ? fmt::format("; and {} more", all - kShown) : "");
}

class RowRestore : public TransactionRestore {
 public:
  using TransactionRestore::TransactionRestore;

 private:
  void check() override {
    select_what_is_wanted();
    check_files(dir_, manifest_);
    open();
    targets_ = find_row_targets(*connection_, manifest_, partitions_alone_);
    if (!targets_.differences.empty())
      throw Refused(
          fmt::format("{}: not what the backup has: {}", connection_->described(),
                      some_of(targets_.differences)),
          "restore those tables beside with --as, or the whole backup into a database of its own; nothing "
          "was changed");
    refuse_event_triggers(*connection_);
    std::vector<std::string> tables;
    for (const RowTarget& place : targets_.places) tables.push_back(place.table.name.quoted());
    waived_ = find_waived_rules(*connection_, tables);
    if (targets_.places.empty()) throw UsageError("the backup has no rows of what is selected");
    report_.notes = targets_.notes;
    note_encoding();
  }

  void select_what_is_wanted() {
    if (!options_.wanted.everything()) {
      const PgTool tool = pg_restore();
      for (const Relation& relation : manifest_.relations)
        if (relation.root) partitions_alone_.insert(relation.name);
      manifest_ = select(std::move(manifest_), list_archive(tool, dir_ / kSchemaFile, stop_), options_.wanted)
                      .manifest;
      for (const Relation& relation : manifest_.relations)
        if (relation.root) partitions_alone_.erase(relation.name);
    }
    std::vector<std::string> extensions;
    std::vector<const Relation*> views;
    for (const Relation& relation : manifest_.relations) {
      if (!relation.extension.empty() && relation.digest.rows > 0)
        extensions.push_back(relation.name.shown());
      if (relation.kind == 'm' && relation.populated) views.push_back(&relation);
      if (relation.data == Data::excluded)
        report_.not_carried.push_back("rows of " + relation.name.shown() + ": not in the backup");
    }
    if (!extensions.empty())
      report_.not_carried.push_back("rows of extensions' own tables: " + some_of(extensions));
    if (!views.empty()) report_.next_steps.push_back(refresh(std::move(views)));
    if (manifest_.large_objects.count > 0)
      report_.not_carried.push_back(fmt::format("large objects: {}", manifest_.large_objects.count));
    report_.not_carried.emplace_back("everything but rows and values of sequences, as --data-only says");
    std::erase_if(manifest_.sequences, [](const Sequence& sequence) { return !sequence.extension.empty(); });
  }

  /// One view may read another: in the archive's order.
  std::string refresh(std::vector<const Relation*> views) {
    if (views.size() > 1) {
      std::map<Oid, std::size_t> place;
      for (const ArchiveEntry& entry : list_archive(pg_restore(), dir_ / kSchemaFile, stop_))
        if (entry.is("MATERIALIZED VIEW DATA")) place.emplace(entry.oid, place.size());
      std::ranges::stable_sort(views, {}, [&](const Relation* view) { return place[view->oid]; });
    }
    std::string sql;
    for (const Relation* view : views)
      sql += fmt::format("{}REFRESH MATERIALIZED VIEW {};", sql.empty() ? "" : " ", view->name.quoted());
    return sql;
  }

  void write() override {
    timed(RestoreStep::lock, [this] {
      lock();
      // Their own rules can't change any more.
      if (become_owner(tables(), CodeOf::and_indexes, lacks_columns())) lock();
      check_that_they_are_empty();
    });
    std::vector<Oid> tables;
    for (const RowTarget& place : targets_.places) tables.push_back(place.table.oid);
    TriggersOff triggers(*connection_, tables);
    if (!triggers.triggers().empty())
      report_.notes.push_back({NoteKind::triggers, {}, {}, "did not fire: " + some_of(triggers.triggers())});
    TransactionLoad load(*connection_, dir_, manifest_, observer_);
    timed(RestoreStep::data, [&] {
      std::vector<std::pair<const Relation*, CopyTarget>> work;
      for (const RowTarget& place : targets_.places)
        work.insert(work.end(), place.work.begin(), place.work.end());
      try {
        load.load(work, stop_);
      } catch (const Error& error) {
        throw_refused_by_rule(error, waived_);
      }
    });
    count(load);
    if (options_.prove) timed(RestoreStep::proof, [&] { prove(load); });
    // They lock tables that are in use, until the commit.
    timed(RestoreStep::foreign_keys, [&] { triggers.check_foreign_keys(); });
    timed(RestoreStep::sequences, [&] { move_sequences(); });
    commit();
  }

  std::vector<QualifiedName> tables() const {
    std::vector<QualifiedName> all;
    for (const RowTarget& place : targets_.places) {
      all.push_back(place.table.name);
      for (const auto& [relation, target] : place.work) all.push_back(target.table);
    }
    return all;
  }

  /// Has a table here a column that the backup has not, which takes its default?
  bool lacks_columns() const {
    return std::ranges::any_of(targets_.notes,
                               [](const Note& note) { return note.kind == NoteKind::left_out; });
  }

  /// Begins the transaction. Readers go on; whoever would write to the empty tables waits.
  void lock() {
    begin_with_lock_timeout(*connection_, options_.lock_timeout);
    for (const RowTarget& place : targets_.places)
      lock_table(*connection_, only(place) + place.table.name.quoted(), "SHARE ROW EXCLUSIVE",
                 place.table.name.shown());
  }

  static std::string only(const RowTarget& place) { return place.partitioned() ? "" : "ONLY "; }

  void check_that_they_are_empty() {
    for (const RowTarget& place : targets_.places)
      if (connection_->query(fmt::format("SELECT FROM {}{} LIMIT 1", only(place), place.table.name.quoted()))
              .rows() > 0)
        throw Refused(
            fmt::format("{}: table {} is not empty", connection_->described(), place.table.name.shown()),
            "restore its rows beside it with --as, and put back what is missing");
  }

  void prove(TransactionLoad& load) {
    for (const RowTarget& place : targets_.places)
      load.prove({place.table.name, place.columns, false, place.partitioned()}, place.format,
                 place.expected());
    conclude(load);
  }

  /// Last, for it can't be undone: all rows are there and proved.
  void move_sequences() {
    const std::vector<std::string> absent = raise_sequence_positions(*connection_, manifest_.sequences);
    if (!absent.empty())
      report_.not_carried.push_back("values of sequences that are not here: " + some_of(absent));
    check_sequence_values();
  }

  void finish() override {
    for (const RowTarget& place : targets_.places) {
      try {
        connection_->query("ANALYZE " + place.table.name.quoted());
      } catch (const Error& error) {
        report_.notes.push_back(
            {NoteKind::analyze,
             place.table.name.shown(),
             {},
             fmt::format("ANALYZE of {} failed, run it again: {}", place.table.name.shown(), error.what())});
        return;
      }
    }
  }

  RowTargets targets_;
  std::set<QualifiedName> partitions_alone_;
  std::vector<WaivedRule> waived_;
};

}  // namespace

RestoreReport restore_rows(const Place& dir, Manifest manifest, const RowsInto& options, Observer& observer,
                           std::stop_token stop) {
  return RowRestore(dir, std::move(manifest), options, observer, std::move(stop)).run();
}

}  // namespace pgassay::restore
