#include "restore/archive/selection.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

#include "core/postgres/name_pattern.h"
#include "restore/archive/archive_graph.h"
#include "restore/archive/entry_text.h"
#include "restore/archive/reduced_manifest.h"

namespace pgassay::restore {
namespace {

constexpr std::string_view kOfTables[] = {
    "SEQUENCE",         "SEQUENCE OWNED BY", "TABLE ATTACH", "DEFAULT",      "CONSTRAINT",
    "CHECK CONSTRAINT", "FK CONSTRAINT",     "INDEX",        "INDEX ATTACH", "RULE",
    "STATISTICS",       "TRIGGER",           "ROW SECURITY", "POLICY"};
constexpr std::string_view kOfAnything[] = {"COMMENT", "ACL", "SECURITY LABEL"};

template <typename Kinds>
bool is_one_of(const ArchiveEntry& entry, const Kinds& kinds) {
  return std::find(std::begin(kinds), std::end(kinds), entry.kind) != std::end(kinds);
}

/// GiST has classes of its own for what overlaps.
bool needs_btree_gist(std::string_view sql) {
  constexpr std::string_view kExclude = " EXCLUDE USING gist (", kWith = " WITH ";
  for (std::size_t at = sql.find(kExclude); at != std::string_view::npos; at = sql.find(kExclude, at + 1)) {
    const std::string_view elements = sql.substr(at, sql.find(";\n", at) - at);
    for (std::size_t with = elements.find(kWith); with != std::string_view::npos;
         with = elements.find(kWith, with + 1))
      if (!elements.substr(with + kWith.size()).starts_with("&&")) return true;
  }
  return false;
}

class Selector {
 public:
  Selector(Manifest manifest, const std::vector<ArchiveEntry>& archive, const Wanted& wanted)
      : graph_(archive), wanted_(wanted), text_(archive, manifest) {
    selection_.manifest = std::move(manifest);
    for (const Relation& relation : relations()) {
      if (const ArchiveEntry* entry = graph_.relation(relation.oid)) {
        entry_of_[&relation] = entry->id;
        relation_of_[entry->id] = &relation;
      }
    }
  }

  TableSelection run() {
    if (!wanted_.tables.empty() || !wanted_.exclude_tables.empty()) {
      check_that_entries_are_known();
      choose();
      wanted_.tables.empty() ? take_all_but_excluded() : take_tables();
      reduce_manifest();
    } else {
      for (const ArchiveEntry& entry : graph_.entries()) taken_.insert(entry.id);
    }
    if (!wanted_.rows) leave_rows_out();
    for (const ArchiveEntry& entry : graph_.entries())
      if (taken_.contains(entry.id)) selection_.entries.push_back(entry.id);
    return std::move(selection_);
  }

 private:
  const std::vector<Relation>& relations() const { return selection_.manifest.relations; }

  void check_that_entries_are_known() const {
    for (const Relation& relation : relations())
      if (relation.oid == Oid::none)
        throw UsageError(
            "this backup can only be restored whole: it does not record which entry of its schema archive is "
            "which table",
            "restore it whole into a database of its own, with --create --into NAME");
  }

  /// Every pattern is tried on every name, to know which fit nothing.
  void choose() {
    NamePatterns in(wanted_.tables), out(wanted_.exclude_tables);
    for (const Relation& relation : relations()) {
      const bool table = relation.kind == 'r' || relation.kind == 'p';
      if (table && in.fits(relation.name)) chosen_.insert(&relation);
      if (out.fits(relation.name)) excluded_.insert(&relation);
    }
    reject(in.unused(), "--table");
    reject(out.unused(), "--exclude-table");
    for (const Relation& relation : relations()) {
      for (const Relation* above = parent(relation); above != nullptr; above = parent(*above)) {
        if (chosen_.contains(above)) chosen_.insert(&relation);
        if (excluded_.contains(above)) excluded_.insert(&relation);
      }
    }
    for (const Relation* relation : excluded_) chosen_.erase(relation);
    if (!wanted_.tables.empty() && chosen_.empty())
      throw UsageError("--exclude-table leaves nothing of what --table names");
  }

  void reject(const std::vector<std::string>& unused, const char* option) const {
    if (!unused.empty()) throw_unknown_table(selection_.manifest, unused.front(), option);
  }

  const Relation* parent(const Relation& relation) const {
    const auto entry = entry_of_.find(&relation);
    if (entry == entry_of_.end()) return nullptr;
    const auto above = relation_of_.find(graph_.parent(entry->second));
    return above == relation_of_.end() ? nullptr : above->second;
  }

  void take_tables() {
    std::set<int> seeds;
    for (const Relation* relation : chosen_) {
      if (entry_of_.contains(relation)) tables_.insert(entry_of_[relation]);
      if (relation->extension.empty()) continue;
      if (const ArchiveEntry* extension = graph_.extension(relation->extension)) seeds.insert(extension->id);
    }
    seeds.insert(tables_.begin(), tables_.end());
    taken_ = graph_.closure(seeds);
    for (std::size_t before = 0; before != taken_.size();) {
      before = taken_.size();
      for (const ArchiveEntry& entry : graph_.entries()) take_if_it_belongs(entry);
      take_btree_gist();
    }
    check_needed();
    wanted_.live ? say_what_used_them() : say_what_stays();
    if (selection_.manifest.large_objects.count > 0)
      selection_.not_carried.push_back(
          fmt::format("large objects: {}", selection_.manifest.large_objects.count));
    if (!wanted_.live) count_the_rest();
    name_parts();
    report_own();
  }

  /// DROP TABLE … CASCADE takes these along.
  void say_what_used_them() {
    std::set<int> gone = tables_;  // and views and children of what is gone
    const auto uses = [&](const ArchiveEntry& entry) {
      const std::vector<int>& needs = entry.is("VIEW") ? graph_.needs(entry.id) : entry.needs;
      return std::any_of(needs.begin(), needs.end(), [&](int id) { return gone.contains(id); });
    };
    for (std::size_t before = 0; before != gone.size();) {
      before = gone.size();
      for (const ArchiveEntry& entry : graph_.entries())
        if (is_relation(entry) && !taken_.contains(entry.id) && uses(entry)) gone.insert(entry.id);
    }
    for (const ArchiveEntry& entry : graph_.entries()) {
      if (!uses(entry) || taken_.contains(entry.id) || is_one_of(entry, kOfAnything) ||
          entry.is("MATERIALIZED VIEW DATA"))
        continue;
      if (entry.is("FK CONSTRAINT") || !is_one_of(entry, kOfTables))
        selection_.not_carried.push_back(text_.shown(entry) + ", which uses it, if it was dropped along");
    }
  }

  /// The archive does not record that an exclusion constraint needs the extension that has its operator
  /// classes.
  void take_btree_gist() {
    const ArchiveEntry* extension = graph_.extension("btree_gist");
    if (extension == nullptr || taken_.contains(extension->id)) return;
    std::vector<int> constraints;
    for (const ArchiveEntry& entry : graph_.entries())
      if (entry.is("CONSTRAINT") && taken_.contains(entry.id)) constraints.push_back(entry.id);
    if (constraints.empty() || (wanted_.sql_of && !needs_btree_gist(wanted_.sql_of(constraints)))) return;
    const std::set<int> with = graph_.closure({extension->id});
    taken_.insert(with.begin(), with.end());
  }

  void name_parts() {
    constexpr std::string_view kNoParts[] = {"SEQUENCE OWNED BY", "TABLE ATTACH", "INDEX ATTACH"};
    std::set<const Relation*> tops;
    std::set<int> entries;
    for (const auto& [relation, entry] : entry_of_)
      if (chosen_.contains(relation) && !chosen_.contains(parent(*relation))) {
        tops.insert(relation);
        entries.insert(entry);
      }
    for (const ArchiveEntry& entry : graph_.entries()) {
      if (!is_one_of(entry, kOfTables) || is_one_of(entry, kNoParts)) continue;
      const bool of_top =
          std::any_of(entry.needs.begin(), entry.needs.end(), [&](int id) { return entries.contains(id); });
      if (of_top && (entry.is("SEQUENCE") || text_.is_of_one_of(entry, tops)))
        selection_.parts_of_tables.push_back(text_.shown(entry));
    }
  }

  void take_if_it_belongs(const ArchiveEntry& entry) {
    if (taken_.contains(entry.id) || !belongs(entry)) return;
    if (wanted_.live) return take_beside_what_is_there(entry);
    const std::set<int> closure = graph_.closure({entry.id});
    if (missing(entry, closure) == nullptr) taken_.insert(closure.begin(), closure.end());
  }

  /// Other tables and what belongs to them stay as they are.
  void take_beside_what_is_there(const ArchiveEntry& entry) {
    constexpr std::string_view kNamedAlone[] = {"SEQUENCE", "SEQUENCE OWNED BY", "INDEX ATTACH"};
    if (is_one_of(entry, kOfTables) && !is_one_of(entry, kNamedAlone) && !text_.is_of_one_of(entry, chosen_))
      return;
    const std::set<int> closure = graph_.closure({entry.id}, [this](const ArchiveEntry& needed) {
      return is_relation(needed)
                 ? taken_.contains(needed.id)
                 : !is_one_of(needed, kOfTables) || belongs(needed) || graph_.is_query_of_view(needed);
    });
    taken_.insert(closure.begin(), closure.end());
  }

  void report_own() {
    for (const ArchiveEntry& entry : graph_.entries()) {
      if (!taken_.contains(entry.id)) continue;
      const bool attached = is_one_of(entry, kOfTables) && belongs(entry);
      const bool of_own =
          is_one_of(entry, kOfAnything) && std::any_of(entry.needs.begin(), entry.needs.end(),
                                                       [&](int id) { return selection_.own.contains(id); });
      if (tables_.contains(entry.id) || attached || of_own) selection_.own.insert(entry.id);
    }
  }

  bool belongs(const ArchiveEntry& entry) const {
    const bool of_table = is_one_of(entry, kOfTables);
    if (!of_table && !is_one_of(entry, kOfAnything)) return false;
    const std::set<int>& to = of_table ? tables_ : taken_;
    const auto there = [&](int id) { return to.contains(id); };
    return std::any_of(entry.needs.begin(), entry.needs.end(), there) ||
           std::any_of(graph_.needs(entry.id).begin(), graph_.needs(entry.id).end(), there);
  }

  /// A relation that would have to come with it; of a foreign key: with its rows.
  const ArchiveEntry* missing(const ArchiveEntry& entry, const std::set<int>& closure) const {
    for (const int id : closure) {
      const ArchiveEntry* needed = graph_.find(id);
      if (needed == nullptr || !is_relation(*needed)) continue;
      if (entry.is("FK CONSTRAINT") ? !tables_.contains(id) : !taken_.contains(id)) return needed;
    }
    return nullptr;
  }

  /// What the tables need is made without rows, but not what was excluded.
  void check_needed() {
    for (const int id : taken_) {
      const auto found = relation_of_.find(id);
      if (found == relation_of_.end() || tables_.contains(id)) continue;
      const std::string name = found->second->name.shown();
      if (excluded_.contains(found->second))
        throw UsageError(fmt::format(
            "what --table names can't be made without {}, which --exclude-table leaves out", name));
      selection_.not_carried.push_back(
          fmt::format("rows, indexes and constraints of {}, which is only made {}", name,
                      wanted_.live ? "where it is absent" : "because something selected needs it"));
    }
  }

  void say_what_stays() {
    for (const ArchiveEntry& entry : graph_.entries()) {
      if (taken_.contains(entry.id) || !belongs(entry) || !text_.is_of_one_of(entry, chosen_)) continue;
      const ArchiveEntry* needed = missing(entry, graph_.closure({entry.id}));
      selection_.not_carried.push_back(needed == nullptr
                                           ? text_.shown(entry)
                                           : fmt::format("{}: it needs {}, which is not selected",
                                                         text_.shown(entry), text_.shown(*needed)));
    }
  }

  void count_the_rest() {
    std::vector<const ArchiveEntry*> rest;
    for (const ArchiveEntry& entry : graph_.entries())
      if (!taken_.contains(entry.id) && !is_one_of(entry, kOfTables) && !is_one_of(entry, kOfAnything))
        rest.push_back(&entry);
    if (const std::string counts = counted_kinds(rest); !counts.empty())
      selection_.not_carried.push_back("the rest of the database: " + counts);
  }

  void take_all_but_excluded() {
    constexpr std::string_view kGoAlong[] = {"SEQUENCE", "SEQUENCE OWNED BY", "MATERIALIZED VIEW DATA",
                                             "INDEX ATTACH"};
    std::set<int> gone;
    for (const Relation* relation : excluded_)
      if (entry_of_.contains(relation)) gone.insert(entry_of_[relation]);
    const std::set<int> roots = gone;
    gone = graph_.dependents(gone);
    take_sequences_along(gone);
    check_that_tables_can_be_made(gone);
    for (const ArchiveEntry& entry : graph_.entries()) {
      if (!gone.contains(entry.id)) {
        taken_.insert(entry.id);
        continue;
      }
      if (!roots.contains(entry.id) && !is_one_of(entry, kOfAnything) && !is_one_of(entry, kGoAlong) &&
          !graph_.is_query_of_view(entry) && !is_of_excluded(entry, gone))
        selection_.not_carried.push_back(text_.shown(entry) + ": it needs what is left out");
    }
    say_what_is_excluded();
  }

  void check_that_tables_can_be_made(const std::set<int>& gone) const {
    std::vector<std::string> names;
    for (const ArchiveEntry& entry : graph_.entries()) {
      const auto found = relation_of_.find(entry.id);
      if (gone.contains(entry.id) && found != relation_of_.end() && !excluded_.contains(found->second) &&
          found->second->kind != 'm')
        names.push_back(found->second->name.shown());
    }
    if (names.empty()) return;
    std::string too;
    for (const std::string& name : names) too += fmt::format(" --exclude-table '{}'", name);
    throw UsageError(
        fmt::format("{} can't be made without what --exclude-table leaves out", fmt::join(names, ", ")),
        fmt::format("exclude {} too:{}", names.size() == 1 ? "it" : "them", too));
  }

  /// The entry of an index or of statistics does not name its table.
  bool is_of_excluded(const ArchiveEntry& entry, const std::set<int>& gone) const {
    if (!entry.is("INDEX") && !entry.is("STATISTICS")) return text_.is_of_one_of(entry, excluded_);
    return std::ranges::none_of(entry.needs, [&](int id) {
      const ArchiveEntry* needed = graph_.find(id);
      return needed != nullptr && is_relation(*needed) && !gone.contains(id);
    });
  }

  /// Sequences that columns of excluded tables own, unless something else draws from them.
  void take_sequences_along(std::set<int>& gone) const {
    std::set<int> owned;
    for (const int id : gone) {
      const ArchiveEntry* entry = graph_.find(id);
      if (entry != nullptr && entry->is("SEQUENCE OWNED BY"))
        owned.insert(entry->needs.begin(), entry->needs.end());
    }
    for (const int id : owned) {
      const ArchiveEntry* sequence = graph_.find(id);
      if (sequence == nullptr || !sequence->is("SEQUENCE")) continue;
      const std::set<int> with = graph_.dependents({id});
      const bool free = std::all_of(with.begin(), with.end(), [&](int other) {
        const ArchiveEntry* entry = graph_.find(other);
        return other == id || gone.contains(other) || entry == nullptr || is_one_of(*entry, kOfAnything);
      });
      if (free) gone.insert(with.begin(), with.end());
    }
  }

  void say_what_is_excluded() {
    std::vector<std::string> names;
    std::uint64_t rows = 0;
    for (const Relation& relation : relations()) {
      if (!excluded_.contains(&relation)) continue;
      names.push_back(relation.name.shown());
      if (relation.kind == 'r') rows += relation.digest.rows;
    }
    selection_.not_carried.insert(selection_.not_carried.begin(),
                                  fmt::format("{} as --exclude-table says, with {} rows: {}", names.size(),
                                              rows, fmt::join(names, ", ")));
  }

  bool is_kept(const Relation& relation) const {
    if (excluded_.contains(&relation)) return false;
    if (!wanted_.tables.empty()) return chosen_.contains(&relation);
    const auto entry = entry_of_.find(&relation);
    return entry == entry_of_.end() || taken_.contains(entry->second);
  }

  void reduce_manifest() {
    Kept kept{{}, taken_, !wanted_.tables.empty()};
    for (const Relation& relation : relations())
      if (is_kept(relation)) kept.relations.insert(&relation);
    reduce(selection_.manifest, kept, graph_, [this](const Relation& relation) { return parent(relation); });
  }

  void leave_rows_out() {
    drop_rows(selection_.manifest, selection_.not_carried);
    for (const ArchiveEntry& entry : graph_.entries())
      if (entry.is("MATERIALIZED VIEW DATA")) taken_.erase(entry.id);
  }

  ArchiveGraph graph_;
  const Wanted& wanted_;
  EntryText text_;
  TableSelection selection_;
  std::map<const Relation*, int> entry_of_;
  std::map<int, const Relation*> relation_of_;
  std::set<const Relation*> chosen_, excluded_;
  std::set<int> tables_, taken_;  ///< entries: of what is chosen, and of all that is restored
};

}  // namespace

TableSelection select(Manifest manifest, const std::vector<ArchiveEntry>& archive, const Wanted& wanted) {
  return Selector(std::move(manifest), archive, wanted).run();
}

}  // namespace pgassay::restore
