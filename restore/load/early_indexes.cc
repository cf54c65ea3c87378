#include "restore/load/early_indexes.h"

#include <algorithm>
#include <set>

#include "restore/archive/archive_graph.h"

namespace pgassay::restore {
namespace {

/// Of COPY text. Starting pg_restore takes some hundredths of a second.
constexpr std::uint64_t kWorthwhile = 16 << 20;

bool is_large(const Relation& relation) {
  return relation.kind == 'r' && relation.extension.empty() && !relation.via_root &&
         relation.raw_bytes() >= kWorthwhile;
}

/// What is there for good before any row.
bool is_harmless(const ArchiveEntry* entry) {
  static const std::set<std::string_view> kKinds = {"SCHEMA", "EXTENSION", "COLLATION", "TYPE"};
  return entry != nullptr && kKinds.contains(entry->kind);
}

/// The one table that the entry needs; null: it needs something beside.
const Relation* only_table(const ArchiveGraph& graph, const ArchiveEntry& entry,
                           const std::map<int, const Relation*>& tables) {
  const Relation* found = nullptr;
  for (const int id : graph.needs(entry.id)) {
    const auto table = tables.find(id);
    if (table == tables.end() ? !is_harmless(graph.find(id)) : found != nullptr) return nullptr;
    if (table != tables.end()) found = table->second;
  }
  return found;
}

}  // namespace

bool worth_early_indexes(const Manifest& manifest) {
  return std::ranges::any_of(manifest.relations, is_large);
}

std::map<const Relation*, TableIndexes> find_early_indexes(const Manifest& manifest,
                                                           const std::vector<ArchiveEntry>& archive,
                                                           const std::optional<std::vector<int>>& wanted) {
  const ArchiveGraph graph(archive);
  std::set<QualifiedName> spread;  // trees whose rows find their leaf by themselves
  for (const Relation& relation : manifest.relations)
    if (relation.root && relation.via_root) spread.insert(*relation.root);
  std::map<int, const Relation*> tables;
  for (const Relation& relation : manifest.relations) {
    if (!is_large(relation) || (relation.root && spread.contains(*relation.root))) continue;
    if (const ArchiveEntry* entry = graph.relation(relation.oid)) tables[entry->id] = &relation;
  }

  std::map<const Relation*, TableIndexes> found;
  for (const ArchiveEntry& entry : archive) {
    if (!entry.is("INDEX") && !entry.is("CONSTRAINT")) continue;
    if (wanted && std::ranges::find(*wanted, entry.id) == wanted->end()) continue;
    const Relation* table = only_table(graph, entry, tables);
    if (table == nullptr) continue;
    (entry.is("INDEX") ? found[table].indexes : found[table].constraints).push_back(entry.id);
  }
  return found;
}

std::uint64_t index_memory(const Manifest& manifest, std::string_view sql) {
  // pg_get_indexdef() and pg_get_constraintdef() name the method, but for keys, which are btree.
  constexpr std::string_view kMethod = " USING ";
  for (std::size_t at = 0; (at = sql.find(kMethod, at)) != std::string_view::npos;) {
    at += kMethod.size();
    if (!sql.substr(at).starts_with("btree ")) return kMostIndexMemory;
  }
  std::uint64_t rows = 0;
  for (const Relation& relation : manifest.relations)
    if (relation.kind == 'r') rows = std::max(rows, relation.digest.rows);
  return std::min(rows, kMostIndexMemory);
}

}  // namespace pgassay::restore
