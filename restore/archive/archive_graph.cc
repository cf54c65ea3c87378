#include "restore/archive/archive_graph.h"

#include <algorithm>

namespace pgassay::restore {
namespace {

constexpr Oid kPgClass{1259};

bool is_any_of(const ArchiveEntry& entry, std::initializer_list<std::string_view> kinds) {
  return std::find(kinds.begin(), kinds.end(), entry.kind) != kinds.end();
}

}  // namespace

bool is_relation(const ArchiveEntry& entry) {
  return is_any_of(entry, {"TABLE", "VIEW", "MATERIALIZED VIEW", "FOREIGN TABLE"});
}

/// "public v postgres", and "public v _RETURN postgres".
bool names_its_view(const ArchiveEntry& query, const ArchiveEntry& view) {
  if (!view.is("VIEW")) return false;
  const std::string named = query.text.substr(0, query.text.find(" _RETURN ") + 1);
  return view.text.starts_with(named);
}

ArchiveGraph::ArchiveGraph(const std::vector<ArchiveEntry>& entries) : entries_(entries) {
  for (const ArchiveEntry& entry : entries_) {
    by_id_[entry.id] = &entry;
    if (entry.catalog == kPgClass && entry.oid != Oid::none) relations_[entry.oid] = &entry;
  }
  find_owners();
  for (const ArchiveEntry& entry : entries_) needs_[entry.id] = real_needs(entry);
}

const ArchiveEntry* ArchiveGraph::find(int id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : found->second;
}

const ArchiveEntry* ArchiveGraph::relation(Oid oid) const {
  const auto found = relations_.find(oid);
  return found == relations_.end() ? nullptr : found->second;
}

const ArchiveEntry* ArchiveGraph::extension(const std::string& name) const {
  for (const ArchiveEntry& entry : entries_)
    if (entry.is("EXTENSION") && entry.text.starts_with("- " + name + " ")) return &entry;
  return nullptr;
}

int ArchiveGraph::parent(int table) const {
  const auto found = parents_.find(table);
  return found == parents_.end() ? 0 : found->second;
}

bool ArchiveGraph::is_query_of_view(const ArchiveEntry& entry) const {
  constexpr std::string_view kName = " _RETURN ";  // of every view's rule, and of no other
  return entry.is("RULE") && entry.text.find(kName) != std::string::npos;
}

/// An entry TABLE ATTACH needs both; the partition is the one that needs the other.
void ArchiveGraph::find_owners() {
  for (const ArchiveEntry& entry : entries_) {
    if (entry.is("SEQUENCE OWNED BY")) owned_.insert(entry.needs.begin(), entry.needs.end());
    if (is_query_of_view(entry))
      for (const int id : entry.needs)
        if (const ArchiveEntry* view = find(id); view != nullptr && names_its_view(entry, *view))
          queries_[id] = entry.id;
    if (!entry.is("TABLE ATTACH")) continue;
    for (const int child : entry.needs) {
      const ArchiveEntry* table = find(child);
      if (table == nullptr || !is_relation(*table)) continue;
      for (const int parent : entry.needs)
        if (std::binary_search(table->needs.begin(), table->needs.end(), parent)) parents_[child] = parent;
    }
  }
}

std::vector<int> ArchiveGraph::real_needs(const ArchiveEntry& entry) const {
  std::vector<int> needs;
  const bool index = is_any_of(entry, {"INDEX", "CONSTRAINT"});
  const bool owned = entry.is("SEQUENCE") && owned_.contains(entry.id);
  if (const auto query = queries_.find(entry.id); query != queries_.end()) {
    needs.push_back(query->second);
    for (const int id : find(query->second)->needs)
      if (id != entry.id) needs.push_back(id);
  }
  for (const int id : entry.needs) {
    const ArchiveEntry* needed = find(id);
    if (needed != nullptr && owned && is_relation(*needed)) continue;
    if (needed != nullptr && index && is_any_of(*needed, {"INDEX", "CONSTRAINT"})) continue;
    if (parent(entry.id) == id) continue;
    needs.push_back(id);
    if (needed == nullptr || !entry.is("SEQUENCE OWNED BY")) continue;
    // Its own list names the sequence only, though it speaks of the column.
    for (const int table : needed->needs)
      if (const ArchiveEntry* other = find(table); other != nullptr && is_relation(*other))
        needs.push_back(table);
  }
  return needs;
}

const std::vector<int>& ArchiveGraph::needs(int id) const {
  static const std::vector<int> kNone;
  const auto found = needs_.find(id);
  return found == needs_.end() ? kNone : found->second;
}

std::set<int> ArchiveGraph::closure(const std::set<int>& ids, const Passes& passes) const {
  std::set<int> closed;
  std::vector<int> waiting(ids.begin(), ids.end());
  while (!waiting.empty()) {
    const int id = waiting.back();
    waiting.pop_back();
    const ArchiveEntry* entry = find(id);
    if (passes && entry != nullptr && !passes(*entry)) continue;
    if (!closed.insert(id).second) continue;
    const std::vector<int>& more = needs(id);
    waiting.insert(waiting.end(), more.begin(), more.end());
  }
  return closed;
}

std::set<int> ArchiveGraph::dependents(const std::set<int>& ids) const {
  std::map<int, std::vector<int>> needed_by;
  for (const auto& [id, needs] : needs_)
    for (const int need : needs) needed_by[need].push_back(id);
  std::set<int> all;
  std::vector<int> waiting(ids.begin(), ids.end());
  while (!waiting.empty()) {
    const int id = waiting.back();
    waiting.pop_back();
    if (!all.insert(id).second) continue;
    const std::vector<int>& more = needed_by[id];
    waiting.insert(waiting.end(), more.begin(), more.end());
  }
  return all;
}

}  // namespace pgassay::restore
