#include "restore/tables/live_table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "core/postgres/server_trouble.h"
#include "core/postgres/source_facts.h"
#include "core/repository/layout.h"
#include "restore/archive/archive_sql.h"
#include "restore/archive/entry_text.h"
#include "restore/backup_files.h"
#include "restore/restore_scope.h"
#include "restore/tables/live_checks.h"
#include "restore/tables/sequence_positions.h"
#include "restore/tables/transaction_restore.h"

namespace pgassay::restore {
namespace {

/// One that can be run by hand: no privileges or comments, which are several.
bool is_statement(const ArchiveEntry& entry) {
  constexpr std::string_view kKinds[] = {"FK CONSTRAINT", "CONSTRAINT", "INDEX", "TRIGGER", "TABLE ATTACH"};
  return std::ranges::find(kKinds, entry.kind) != std::end(kKinds);
}

class LiveRestore : public TransactionRestore {
 public:
  using TransactionRestore::TransactionRestore;

 private:
  void check() override {
    const PgTool tool = pg_restore();
    archive_ = {tool, dir_ / kSchemaFile, manifest_.encoding, options_.owners, options_.acl};
    entries_ = list_archive(tool, archive_.archive, stop_);
    for (const ArchiveEntry& entry : entries_) by_id_[entry.id] = &entry;
    text_.emplace(entries_, manifest_);
    Wanted wanted = options_.wanted;
    wanted.live = true;
    selection_ = select(std::move(manifest_), entries_, wanted);
    manifest_ = std::move(selection_.manifest);
    report_.not_carried = waived(options_);
    std::ranges::move(selection_.not_carried, std::back_inserter(report_.not_carried));
    check_files(dir_, manifest_);
    open();
    for (const Relation& relation : manifest_.relations) {
      if (!relation.extension.empty())
        throw UsageError(fmt::format("{} belongs to extension {}", relation.name.shown(), relation.extension),
                         "--as NEW restores its rows beside it");
      check_name_is_free(*connection_, relation.name,
                         fmt::format("--as NEW restores columns and rows beside it; {}", kNothing));
    }
    check_sequence_names();
    refuse_event_triggers(*connection_);
    note_encoding();
  }

  /// A table that was renamed keeps its sequence's name.
  void check_sequence_names() {
    for (const Sequence& sequence : manifest_.sequences)
      for (const int id : selection_.own)
        if (by_id_.at(id)->is("SEQUENCE") && by_id_.at(id)->oid == sequence.oid)
          check_name_is_free(
              *connection_, sequence.name,
              fmt::format("if it is another table's, one that was renamed, rename it as well: ALTER SEQUENCE "
                          "{} RENAME TO ...; {}",
                          sequence.name.quoted(), kNothing));
  }

  void write() override {
    begin_with_lock_timeout(*connection_, options_.lock_timeout);
    const BuiltInPrivileges privileges(*connection_);
    timed(RestoreStep::pre_data, [&] { make_tables(privileges); });
    const std::vector<WaivedRule> waived = waived_rules();
    TransactionLoad load(*connection_, dir_, manifest_, observer_);
    timed(RestoreStep::data, [&] {
      try {
        load.load(work(), stop_);
      } catch (const Error& error) {
        throw_refused_by_rule(error, waived);
      }
    });
    count(load);
    if (options_.prove) timed(RestoreStep::proof, [&] { prove(load); });
    // Last: foreign keys and partitioned tables lock what is in use.
    timed(RestoreStep::post_data, [this] { make_the_rest(); });
    timed(RestoreStep::sequences, [this] { move_sequences(); });
    commit();
  }

  /// In the archive's order. What they share with others is made one by one, for it may be here.
  void make_tables(const BuiltInPrivileges& privileges) {
    std::vector<int> batch, own_privileges;
    for (const int id : selection_.entries) {
      if (joins_what_is_here(*by_id_.at(id))) continue;
      if (by_id_.at(id)->is("ACL") && selection_.own.contains(id)) {
        own_privileges.push_back(id);
        continue;
      }
      if (selection_.own.contains(id)) {
        batch.push_back(id);
        continue;
      }
      if (!batch.empty()) make(batch, "pre-data");
      batch.clear();
      make_shared(*by_id_.at(id));
    }
    if (!batch.empty()) make(batch, "pre-data");
    privileges.give();
    make(own_privileges, "pre-data");
    make(shared_privileges_, "pre-data");
  }

  /// Of domains that are here, above all.
  std::vector<WaivedRule> waived_rules() {
    std::vector<std::string> tables;
    for (const Relation& relation : manifest_.relations)
      if (relation.kind == 'r') tables.push_back(relation.name.quoted());
    return find_waived_rules(*connection_, tables);
  }

  /// A partition takes its place once it has its indexes: the partitioned table would make others for it. As
  /// it does so, they take theirs.
  void make_the_rest() {
    std::vector<int> keys, places, others;
    for (const int id : selection_.own) {
      const ArchiveEntry& entry = *by_id_.at(id);
      if (joins_what_is_here(entry)) {
        if (entry.is("TABLE ATTACH")) places.push_back(id);
        continue;
      }
      const bool key = entry.is("INDEX") || entry.is("CONSTRAINT") || entry.is("INDEX ATTACH");
      (key ? keys : others).push_back(id);
    }
    make(keys, "post-data");
    make(places, "pre-data");
    make(others, "post-data");
  }

  /// Is it the place of a partition, or of its index, in a table that is not of the selection?
  bool joins_what_is_here(const ArchiveEntry& entry) const {
    return (entry.is("TABLE ATTACH") || entry.is("INDEX ATTACH")) &&
           std::ranges::any_of(entry.needs, [this](int id) {
             const auto found = by_id_.find(id);
             return found != by_id_.end() && found->second->is("TABLE") && !selection_.own.contains(id);
           });
  }

  void make_shared(const ArchiveEntry& entry) {
    const bool of_what_is_here = std::any_of(entry.needs.begin(), entry.needs.end(), [&](int id) {
      return here_.contains(id) || !by_id_.contains(id);
    });
    if (of_what_is_here && (entry.is("COMMENT") || entry.is("ACL") || entry.is("SECURITY LABEL"))) return;
    if (entry.is("EXTENSION") && has_extension(entry)) {
      here_.insert(entry.id);
      return;
    }
    if (entry.is("ACL")) {
      shared_privileges_.push_back(entry.id);
      return;
    }
    const std::optional<ServerError> error = attempt({entry.id}, "pre-data");
    if (!error) {
      made_.push_back(text_->shown(entry));
    } else if (says_it_exists(*error)) {
      here_.insert(entry.id);
    } else {
      throw Error(fmt::format("{}: {}", text_->shown(entry), error->what()), error->hint());
    }
  }

  /// The archive makes it IF NOT EXISTS.
  bool has_extension(const ArchiveEntry& entry) {
    return std::ranges::any_of(list_extensions(*connection_), [&](const ExtensionInfo& extension) {
      return entry.text.starts_with("- " + extension.name + " ");
    });
  }

  /// Together; where that fails, one by one, to know what is to blame.
  void make(const std::vector<int>& ids, const char* section) {
    if (ids.empty() || !attempt(ids, section)) return;
    for (const ArchiveEntry& entry : entries_) {
      if (std::find(ids.begin(), ids.end(), entry.id) == ids.end()) continue;
      const std::optional<ServerError> error = attempt({entry.id}, section);
      if (!error) continue;
      const std::string line = fmt::format("{}: {}", text_->shown(entry), error->what());
      // The server's trouble is not the object's: all is better taken back.
      if (entry.is("TABLE") || entry.is("SEQUENCE") || entry.is("DEFAULT") ||
          is_server_trouble(error->sqlstate(), error->what()))
        throw Error(line, error->sqlstate() == "42704"
                              ? "make that role first, or leave owners out with --no-owner"
                              : error->hint());
      report_.lost.push_back({LossKind::object, text_->shown(entry), error->sqlstate(), line});
      if (is_statement(entry))
        report_.next_steps.push_back(fmt::format("{}, when that is remedied: {}", text_->shown(entry),
                                                 only_statement(entries_sql(archive_, {entry.id}, stop_))));
    }
  }

  /// What the server has against it.
  std::optional<ServerError> attempt(const std::vector<int>& ids, const char* section) {
    const std::string sql = entries_sql(archive_, ids, stop_, section);
    connection_->query("SAVEPOINT pgassay_entry");
    try {
      run_sql(*connection_, sql, archive_.encoding);
      connection_->query("RELEASE SAVEPOINT pgassay_entry");
      return std::nullopt;
    } catch (const ServerError& error) {
      connection_->query("ROLLBACK TO SAVEPOINT pgassay_entry; RELEASE SAVEPOINT pgassay_entry");
      return error;
    }
  }

  std::vector<std::pair<const Relation*, CopyTarget>> work() {
    std::vector<std::pair<const Relation*, CopyTarget>> all;
    for (const Relation& relation : manifest_.relations) {
      if (relation.kind != 'r') continue;
      if (relation.data != Data::copied) {
        report_.not_carried.push_back(
            fmt::format("rows of {}: they are not in the backup", relation.name.shown()));
        continue;
      }
      const bool direct = !relation.via_root || !relation.root;
      all.emplace_back(&relation,
                       CopyTarget{direct ? relation.name : *relation.root, relation.columns, direct, false});
    }
    return all;
  }

  void prove(TransactionLoad& load) {
    std::map<QualifiedName, RowDigest> expected;
    std::map<QualifiedName, GeneratedDigest> generated;
    for (const Relation& relation : manifest_.relations) {
      if (relation.kind != 'r') continue;
      expected[relation.root.value_or(relation.name)].merge(relation.digest);
      if (relation.generated_digest)
        generated[relation.root.value_or(relation.name)].merge(*relation.generated_digest);
    }
    for (const Relation& relation : manifest_.relations)
      if (!relation.root && (relation.kind == 'p' || relation.data == Data::copied))
        load.prove({relation.name, relation.columns, false, relation.kind == 'p'}, relation,
                   expected[relation.name],
                   relation.generated_digest ? std::optional(generated[relation.name]) : std::nullopt,
                   options_.accepted);
    conclude(load);
  }

  /// Last, for of a sequence that others use as well it is not undone by a rollback.
  void move_sequences() {
    raise_sequence_positions(*connection_, manifest_.sequences);
    check_sequence_values();
  }

  void finish() override {
    if (!made_.empty())
      report_.notes.push_back(
          {NoteKind::made, {}, {}, fmt::format("made, for it was absent: {}", fmt::join(made_, ", "))});
    for (const Relation& relation : manifest_.relations) {
      if (relation.root) continue;
      const std::string name = relation.name.shown();
      report_.notes.push_back({NoteKind::made, name, {}, "made " + name});
      try {
        connection_->query("ANALYZE " + relation.name.quoted());
      } catch (const Error& error) {
        report_.notes.push_back({NoteKind::analyze,
                                 name,
                                 {},
                                 fmt::format("ANALYZE of {} failed, run it again: {}", name, error.what())});
      }
    }
  }

  ArchiveSql archive_;
  std::vector<ArchiveEntry> entries_;
  std::map<int, const ArchiveEntry*> by_id_;
  std::optional<EntryText> text_;
  TableSelection selection_;
  std::set<int> here_;                  ///< shared entries whose object is here
  std::vector<int> shared_privileges_;  ///< entries of what was made of them
  std::vector<std::string> made_;       ///< shared ones that were not
};

}  // namespace

RestoreReport restore_live(const Path& dir, Manifest manifest, const WholeTables& options, Observer& observer,
                           std::stop_token stop) {
  return LiveRestore(dir, std::move(manifest), options, observer, std::move(stop)).run();
}

}  // namespace pgassay::restore
