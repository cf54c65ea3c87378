#include "backup/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "core/repository/names.h"

namespace pgassay::backup {
namespace {

constexpr std::uint64_t kPageBytes = 8192;  // a server built with another BLCKSZ only gets other ranges
/// TID range scans: https://www.postgresql.org/docs/14/release-14.html
constexpr int kTidRangeScans = 140000;

/// Why no rows of it are copied, beside exclusion; empty: they are.
std::string without_rows(const TableInfo& table, const ServerFacts& server) {
  if (table.kind == 'f') return "a foreign table: its rows are on another server";
  if (table.kind == 'r' && table.persistence == 'u' && server.standby)
    return "unlogged: a standby has no rows of it";
  return {};
}

Relation relation_of(const TableInfo& table) {
  Relation relation;
  relation.name = table.name;
  relation.oid = table.oid;
  relation.kind = table.kind;
  relation.unlogged = table.persistence == 'u';
  relation.columns = table.columns;
  relation.types = table.types;
  relation.generated = table.generated;
  relation.via_root = table.via_root;
  relation.populated = table.populated;
  relation.extension = table.extension;
  relation.filter = table.extension_filter;
  return relation;
}

void plan_table(Plan& plan, const TableInfo& table, const Relation* previous, int server_version,
                const std::string& encoding) {
  Relation& relation = plan.relations.back();
  std::vector<PageRange> ranges;
  if (server_version >= kTidRangeScans && table.access_method == "heap" && !table.planning_calls_code) {
    ranges = cut_pages(table.heap_bytes, table.toast_bytes, previous);
  }
  relation.parts.resize(std::max<std::size_t>(1, ranges.size()));
  std::vector<std::string> generated = stored_names(table.generated);
  if (table.planning_calls_code) generated.clear();
  if (!generated.empty()) relation.generated_digest.emplace().columns.resize(generated.size());
  for (std::size_t i = 0; i < relation.parts.size(); ++i) {
    PlannedPart part;
    if (ranges.size() > 1) part.pages = ranges[i];
    part.file = part_file(table.name, static_cast<unsigned>(i), relation.format);
    // The file system may fold names, or one that this is copied to.
    if (!plan.folded_files.insert(folded(part.file)).second)
      part.file = part_file_apart(table.name, static_cast<unsigned>(i), relation.format);
    part.format = relation.format;
    part.sql = copy_out_sql(table.name, table.columns, relation.filter, part.pages, {encoding, part.format},
                            generated);
    part.columns = table.columns.size();
    part.generated = generated.size();
    part.lock = "LOCK TABLE ONLY " + table.name.quoted() + " IN ACCESS SHARE MODE";
    part.check = "SELECT 1 / (" + quote_literal(table.name.quoted()) +
                 "::pg_catalog.regclass::pg_catalog.oid = " + to_string(table.oid) + ")::pg_catalog.int4; ";
    part.object = table.name.shown();
    part.relation = plan.relations.size() - 1;
    part.part = i;
    part.bytes = (table.heap_bytes + table.toast_bytes) / relation.parts.size();
    plan.parts.push_back(std::move(part));
  }
  plan.oids.push_back(table.oid);
}

}  // namespace

std::vector<PageRange> cut_pages(std::uint64_t heap_bytes, std::uint64_t toast_bytes,
                                 const Relation* previous) {
  const auto pages = static_cast<std::uint32_t>(heap_bytes / kPageBytes);
  const std::uint64_t total = heap_bytes + toast_bytes;
  if (total < 2 * kPartBytes || pages < 2) return {PageRange{}};
  std::vector<std::uint32_t> starts{0};
  if (previous) {
    for (const Part& part : previous->parts) {
      if (part.pages && part.pages->first > starts.back() && part.pages->first < pages) {
        starts.push_back(part.pages->first);
      }
    }
  }
  // TOAST is taken to be spread evenly over the heap's pages.
  const auto ideal = std::max<std::uint32_t>(1, static_cast<std::uint32_t>(pages * kPartBytes / total));
  std::uint32_t step = ideal;
  if (starts.size() > 1) step = starts[1] - starts[0];
  // A table that is another one by now (emptied and filled anew, its TOAST gone) is cut anew.
  if (step / 4 > ideal || ideal / 4 > step) {
    step = ideal;
    starts.resize(1);
  }
  while (pages - starts.back() > step + step / 2) starts.push_back(starts.back() + step);
  std::vector<PageRange> ranges;
  for (std::size_t i = 0; i < starts.size(); ++i) {
    ranges.push_back({starts[i], i + 1 < starts.size() ? std::optional(starts[i + 1]) : std::nullopt});
  }
  return ranges;
}

Plan plan_parts(const std::vector<TableInfo>& tables, const ServerFacts& server, const Manifest* previous,
                const TableChoice& choice, const std::string& encoding) {
  Plan plan;
  std::map<Oid, const TableInfo*> partitioned;
  for (const TableInfo& table : tables) {
    if (table.kind == 'p') partitioned[table.oid] = &table;
  }
  std::map<QualifiedName, const Relation*> before;
  if (previous) {
    for (const Relation& relation : previous->relations) before[relation.name] = &relation;
  }
  for (const TableInfo& table : tables) {
    plan.relations.push_back(relation_of(table));
    Relation& relation = plan.relations.back();
    const auto root = partitioned.find(table.root);
    if (root != partitioned.end()) relation.root = root->second->name;
    if (choice.binary.contains(table.oid)) relation.format = RowFormat::binary;
    const auto excluded = choice.excluded.find(table.oid);
    const bool is_excluded = excluded != choice.excluded.end();
    const std::string why = is_excluded ? "excluded by " + excluded->second : without_rows(table, server);
    if (!why.empty()) {
      relation.data = is_excluded ? Data::excluded : Data::none;
      plan.left_out.push_back({"rows of " + table.name.shown(), why});
    } else if (table.kind == 'p' || table.kind == 'm') {
      relation.data = Data::none;
    } else {
      const auto old = before.find(table.name);
      plan_table(plan, table, old == before.end() ? nullptr : old->second, server.version, encoding);
    }
  }
  return plan;
}

void largest_first(std::vector<PlannedPart>& parts) {
  std::stable_sort(parts.begin(), parts.end(),
                   [](const PlannedPart& a, const PlannedPart& b) { return a.bytes > b.bytes; });
}

}  // namespace pgassay::backup
