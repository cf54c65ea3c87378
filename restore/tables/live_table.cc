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
#include "restore/archive/archive_graph.h"
#include "restore/archive/archive_sql.h"
#include "restore/archive/entry_text.h"
#include "restore/backup_files.h"
#include "restore/load/late_tables.h"
#include "restore/load/owner_guard.h"
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

/// Of privileges alone: to pg_restore they are of the section of what stands before them on its list.
constexpr const char* kAnySection = "";

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
    wanted.sql_of = [this](const std::vector<int>& ids) { return entries_sql(archive_, ids, stop_); };
    for (const Relation& relation : manifest_.relations) names_.push_back(relation.name);
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
    timed(RestoreStep::pre_data, [&] {
      begin_and_make_tables();
      if (name_objects()) make_keys();
    });
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

  /// What rows will call is known once the tables are there, with their indexes (a statement about a table
  /// may compute an index's expression before any row does) and with CHECKs that come after rows. Nothing
  /// calls it before: partitions take their places afterwards, for bounds of a domain's type are values of
  /// it.
  void begin_and_make_tables() {
    const RestoreReport before = report_;
    if (guards_owners())
      if (const std::set<std::string> code = code_of_values(); !code.empty())
        become(owner_in_archive(code), code);
    begin_with_lock_timeout(*connection_, options_.lock_timeout);
    make_tables();
    if (!guards_owners()) return make(own_places(), "pre-data");
    const RestoreReport made = report_;
    connection_->query("SAVEPOINT pgassay_indexes");
    make(of_own([](const ArchiveEntry& entry) { return is_key(entry) || entry.is("CHECK CONSTRAINT"); }),
         "post-data");
    report_ = before;
    if (become_owner(tables_and_parents(), CodeOf::and_indexes)) {
      made_.clear();
      shared_privileges_.clear();
      begin_with_lock_timeout(*connection_, options_.lock_timeout);
      make_tables();
    } else {
      connection_->query("ROLLBACK TO SAVEPOINT pgassay_indexes; RELEASE SAVEPOINT pgassay_indexes");
      report_ = made;
    }
    make(own_places(), "pre-data");
  }

  std::vector<int> own_places() const {
    return of_own([](const ArchiveEntry& entry) { return entry.is("TABLE ATTACH"); });
  }

  /// What statements that make the tables would call as they are read, for they may hold values of types that
  /// hold domains. One that the database lacks is its owner's code, whatever it calls.
  std::set<std::string> code_of_values() {
    std::set<std::string> code;
    const std::map<QualifiedName, std::vector<std::string>> here = find_domains_of_owners(*connection_);
    const std::set<QualifiedName> all = names_of_domains(*connection_);
    const std::vector<std::string> trusted = roles(true);
    for (const int id : selection_.entries) {
      const ArchiveEntry& entry = *by_id_.at(id);
      if (!entry.is("DOMAIN")) continue;
      for (const auto& [domain, calls] : here)
        if (entry.names(domain)) code.insert(calls.begin(), calls.end());
      const bool there = std::ranges::any_of(all, [&](const QualifiedName& one) { return entry.names(one); });
      if (!there && !owner_among(entry, trusted)) code.insert(text_->shown(entry));
    }
    return code;
  }

  static std::set<QualifiedName> names_of_domains(Connection& connection) {
    const Result rows = connection.query(
        "SELECT n.nspname, t.typname FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid ="
        " t.typnamespace WHERE t.typtype = 'd'");
    std::set<QualifiedName> names;
    for (int row = 0; row < rows.rows(); ++row) names.insert({rows.text(row, 0), rows.text(row, 1)});
    return names;
  }

  /// The longest names first: a name may end with another.
  std::vector<std::string> roles(bool superusers) {
    const Result rows = connection_->query(
        fmt::format("SELECT rolname FROM pg_catalog.pg_roles{} ORDER BY pg_catalog.length(rolname) DESC",
                    superusers ? " WHERE rolsuper" : ""));
    std::vector<std::string> names;
    for (int row = 0; row < rows.rows(); ++row) names.push_back(rows.text(row, 0));
    return names;
  }

  static const std::string* owner_among(const ArchiveEntry& entry, const std::vector<std::string>& names) {
    const auto owner = std::ranges::find_if(
        names, [&](const std::string& name) { return entry.text.ends_with(" " + name); });
    return owner == names.end() ? nullptr : &*owner;
  }

  /// Of all tables that are to be made, before they are.
  std::string owner_in_archive(const std::set<std::string>& code) {
    std::set<std::string> owners;
    const std::vector<std::string> all = roles(false), superusers = roles(true);
    for (const int id : selection_.own)
      if (by_id_.at(id)->is("TABLE"))
        if (const std::string* owner = owner_among(*by_id_.at(id), all)) owners.insert(*owner);
    if (!options_.owners || owners.size() != 1 ||
        std::ranges::find(superusers, *owners.begin()) != superusers.end())
      throw Refused(
          fmt::format(
              "{}: code that does not belong to a superuser would run with the rights of the restore: "
              "{}; and the tables have no one owner who is none",
              connection_->described(), fmt::join(code, ", ")),
          "restore the tables of one owner at a time, or say --trust-owners");
    return *owners.begin();
  }

  /// Those that are to be made, and partitioned tables that they are to be attached to.
  std::vector<QualifiedName> tables_and_parents() const {
    std::vector<QualifiedName> all;
    for (const Relation& relation : manifest_.relations)
      if (relation.kind == 'r' || relation.kind == 'p') all.push_back(relation.name);
    for (const int id : selection_.own) {
      if (!by_id_.at(id)->is("TABLE ATTACH") || !joins_what_is_here(*by_id_.at(id))) continue;
      for (const int need : by_id_.at(id)->needs) {
        const auto parent = by_id_.find(need);
        if (parent == by_id_.end() || !parent->second->is("TABLE") || selection_.own.contains(need)) continue;
        const auto name = std::ranges::find_if(
            names_, [&](const QualifiedName& one) { return parent->second->names(one); });
        if (name != names_.end()) all.push_back(*name);
      }
    }
    return all;
  }

  /// In the archive's order. What they share with others is made one by one, for it may be here.
  void make_tables() {
    const BuiltInPrivileges privileges(*connection_);
    std::vector<int> batch, own_privileges;
    for (const int id : selection_.entries) {
      if (joins_what_is_here(*by_id_.at(id)) || by_id_.at(id)->is("TABLE ATTACH")) continue;
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
    make(own_privileges, kAnySection);
    make(shared_privileges_, kAnySection);
  }

  /// Of domains that are here, above all.
  std::vector<WaivedRule> waived_rules() {
    std::vector<std::string> tables;
    for (const Relation& relation : manifest_.relations)
      if (relation.kind == 'r') tables.push_back(relation.name.quoted());
    return find_waived_rules(*connection_, tables);
  }

  /// Rows may name an index of their own table in a column of regclass: it must then be there before them.
  bool name_objects() {
    const std::set<QualifiedName> naming = find_tables_that_name_objects(*connection_);
    return std::ranges::any_of(manifest_.relations, [&](const Relation& one) {
      return one.kind == 'r' && naming.contains(one.name);
    });
  }

  void make_keys() {
    if (!keys_made_)
      make(of_own([this](const ArchiveEntry& entry) { return is_of_key(entry); }), "post-data");
    keys_made_ = true;
  }

  /// One, or what is said of one.
  bool is_of_key(const ArchiveEntry& entry) const {
    if (!entry.is("COMMENT") && !entry.is("SECURITY LABEL")) return is_key(entry);
    return std::ranges::any_of(entry.needs, [this](int id) {
      const auto found = by_id_.find(id);
      return found != by_id_.end() && is_key(*found->second);
    });
  }

  /// A partition takes its place once it has its indexes: the partitioned table would make others for it. As
  /// it does so, they take theirs.
  void make_the_rest() {
    std::vector<int> places;
    for (const int id : selection_.own)
      if (by_id_.at(id)->is("TABLE ATTACH") && joins_what_is_here(*by_id_.at(id))) places.push_back(id);
    make_keys();
    make(places, "pre-data");
    make(of_own([this](const ArchiveEntry& entry) { return !is_of_key(entry); }), "post-data");
  }

  static bool is_key(const ArchiveEntry& entry) {
    return entry.is("INDEX") || entry.is("CONSTRAINT") || entry.is("INDEX ATTACH");
  }
  /// Of the tables by themselves, without what joins tables that are here.
  template <typename Wanted>
  std::vector<int> of_own(Wanted wanted) const {
    std::vector<int> entries;
    for (const int id : selection_.own)
      if (wanted(*by_id_.at(id)) && !joins_what_is_here(*by_id_.at(id))) entries.push_back(id);
    return entries;
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
    if (is_of_what_is_here(entry)) {
      here_.insert(entry.id);
      return;
    }
    if (entry.is("EXTENSION") && has_extension(entry)) {
      here_.insert(entry.id);
      return;
    }
    if (entry.is("ACL")) {
      shared_privileges_.push_back(entry.id);
      return;
    }
    // Some come after rows in the archive: a function, or a view's query, that needs a primary key.
    const std::optional<ServerError> error = attempt({entry.id}, "");
    if (!error) {
      made_.push_back(text_->shown(entry));
    } else if (says_it_exists(*error) || (login_ && error->sqlstate() == kInsufficientPrivilege)) {
      // An owner is told that it may not make a thing before that it is there; of what is not, the table will
      // say so.
      here_.insert(entry.id);
    } else {
      throw Error(fmt::format("{}: {}", text_->shown(entry), error->what()), error->hint(), *error);
    }
  }

  /// The key of a table that is here, or the query of a view, is the business of whoever uses it.
  bool is_of_what_is_here(const ArchiveEntry& entry) const {
    if (entry.is("COMMENT") || entry.is("ACL") || entry.is("SECURITY LABEL"))
      return std::ranges::any_of(entry.needs,
                                 [&](int id) { return here_.contains(id) || !by_id_.contains(id); });
    const bool query = entry.is("RULE");
    if (!query && !entry.is("CONSTRAINT") && !entry.is("INDEX") && !entry.is("DEFAULT")) return false;
    return std::ranges::any_of(entry.needs, [&](int id) {
      const auto needed = by_id_.find(id);
      return here_.contains(id) && needed != by_id_.end() &&
             (query ? names_its_view(entry, *needed->second) : is_relation(*needed->second));
    });
  }

  /// The archive makes it IF NOT EXISTS.
  bool has_extension(const ArchiveEntry& entry) {
    return std::ranges::any_of(list_extensions(*connection_), [&](const ExtensionInfo& extension) {
      return entry.text.starts_with("- " + extension.name + " ");
    });
  }

  /// Together; where that fails, one by one, to know what is to blame.
  void make(const std::vector<int>& wanted, const char* section) {
    // In the archive's order: a comment is of the section of the entry before it.
    std::vector<int> ids;
    for (const ArchiveEntry& entry : entries_)
      if (std::ranges::find(wanted, entry.id) != wanted.end()) ids.push_back(entry.id);
    if (ids.empty() || !attempt(ids, section)) return;
    for (const ArchiveEntry& entry : entries_) {
      if (std::find(ids.begin(), ids.end(), entry.id) == ids.end()) continue;
      const std::optional<ServerError> error = attempt({entry.id}, section);
      if (!error) continue;
      const std::string line = fmt::format("{}: {}", text_->shown(entry), error->what());
      // The server's trouble is not the object's: all is better taken back.
      if (entry.is("TABLE") || entry.is("SEQUENCE") || entry.is("DEFAULT") ||
          is_server_trouble(error->sqlstate(), error->what()))
        throw Error(line,
                    error->sqlstate() == "42704" ? "make that role first, or leave owners out with --no-owner"
                                                 : error->hint(),
                    *error);
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
      all.emplace_back(&relation, CopyTarget{direct ? relation.name : *relation.root, relation.columns,
                                             direct && !login_, false});
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
  std::vector<QualifiedName> names_;    ///< of all relations of the backup
  std::set<int> here_;                  ///< shared entries whose object is here
  std::vector<int> shared_privileges_;  ///< entries of what was made of them
  std::vector<std::string> made_;       ///< shared ones that were not
  bool keys_made_ = false;
};

}  // namespace

RestoreReport restore_live(const Place& dir, Manifest manifest, const WholeTables& options,
                           Observer& observer, std::stop_token stop) {
  return LiveRestore(dir, std::move(manifest), options, observer, std::move(stop)).run();
}

}  // namespace pgassay::restore
