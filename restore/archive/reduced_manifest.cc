#include "restore/archive/reduced_manifest.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "core/system/error.h"

namespace pgassay::restore {
namespace {

const Relation* root_of(const Relation& relation, const Kept& kept, const ParentOf& parent) {
  const Relation* root = nullptr;
  for (const Relation* above = parent(relation); above != nullptr && kept.relations.contains(above);
       above = parent(*above))
    root = above;
  return root;
}

void check_that_rows_find_a_place(const Manifest& manifest, const Kept& kept) {
  for (const Relation& relation : manifest.relations)
    if (relation.via_root && relation.kind == 'r' && !kept.relations.contains(&relation) && relation.root &&
        kept.relations.contains(manifest.find(*relation.root)))
      throw UsageError(
          fmt::format("{} can't be left out alone: rows of {} may belong to another partition once they are "
                      "restored",
                      relation.name.shown(), relation.root->shown()),
          "leave the whole partitioned table out, or none of it");
}

bool keeps(const Sequence& sequence, const Kept& kept, const ArchiveGraph& graph) {
  if (const ArchiveEntry* entry = graph.relation(sequence.oid)) return kept.entries.contains(entry->id);
  return !kept.tables_only || std::ranges::any_of(kept.relations, [&](const Relation* relation) {
    return relation->extension == sequence.extension;
  });
}

}  // namespace

void reduce(Manifest& manifest, const Kept& kept, const ArchiveGraph& graph, const ParentOf& parent) {
  check_that_rows_find_a_place(manifest, kept);
  std::vector<Relation> relations;
  for (const Relation& relation : manifest.relations) {
    if (!kept.relations.contains(&relation)) {
      std::erase_if(manifest.left_out, [&](const LeftOut& left_out) {
        return left_out.what == "rows of " + relation.name.shown();
      });
      continue;
    }
    relations.push_back(relation);
    Relation& copy = relations.back();
    const Relation* root = root_of(relation, kept, parent);
    copy.root = root == nullptr ? std::nullopt : std::optional(root->name);
    if (root == nullptr) copy.via_root = false;
  }
  std::erase_if(manifest.sequences, [&](const Sequence& sequence) { return !keeps(sequence, kept, graph); });
  if (kept.tables_only) {
    manifest.large_objects = {};
    std::erase_if(manifest.extensions, [&](const ExtensionInfo& extension) {
      const ArchiveEntry* entry = graph.extension(extension.name);
      return entry != nullptr && !kept.entries.contains(entry->id);
    });
  }
  manifest.relations = std::move(relations);
}

void drop_rows(Manifest& manifest, std::vector<std::string>& not_carried) {
  std::uint64_t rows = 0, tables = 0, views = 0;
  for (Relation& relation : manifest.relations) {
    if (relation.kind == 'r' && relation.data == Data::copied) {
      ++tables;
      rows += relation.digest.rows;
      if (!relation.extension.empty()) relation.data = Data::none;
    }
    if (relation.kind == 'm' && relation.populated) {
      ++views;
      relation.populated = false;
    }
    relation.digest = {};
    if (relation.generated_digest) {
      const std::size_t columns = relation.generated_digest->columns.size();
      relation.generated_digest.emplace().columns.resize(columns);
    }
    relation.parts.clear();
  }
  not_carried.push_back(fmt::format("rows: {} of {} tables, as --schema-only says", rows, tables));
  if (views > 0) not_carried.push_back(fmt::format("contents of materialized views: {}", views));
  if (!manifest.sequences.empty())
    not_carried.push_back(fmt::format("values of sequences: {}", manifest.sequences.size()));
  if (manifest.large_objects.count > 0)
    not_carried.push_back(fmt::format("large objects: {}", manifest.large_objects.count));
  manifest.sequences.clear();
  manifest.large_objects = {};
}

}  // namespace pgassay::restore
