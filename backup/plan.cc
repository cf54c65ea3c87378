#include "backup/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "core/repository/names.h"

namespace pgassay::backup {
namespace {

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
  for (GeneratedColumn& column : relation.generated) column.digested = column.stored;  // until it is read
  relation.via_root = table.via_root;
  relation.populated = table.populated;
  relation.extension = table.extension;
  relation.filter = table.extension_filter;
  return relation;
}

void plan_table(Plan& plan, const TableInfo& table, const std::vector<PageRange>& ranges,
                const std::string& encoding) {
  Relation& relation = plan.relations.back();
  std::vector<std::string> generated = digested_names(relation.generated);
  if (table.planning_calls_code) generated.clear();
  if (!generated.empty()) relation.generated_digest.emplace().columns.resize(generated.size());
  // The file system may fold names, or one that this is copied to.
  const bool apart = !plan.folded_files.insert(folded(part_file(table.name, 0, relation.format))).second;
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    PlannedCopy copy;
    if (ranges.size() > 1) copy.pages = ranges[i];
    copy.format = relation.format;
    copy.sql = copy_out_sql(table.name, table.columns, relation.filter, copy.pages, {encoding, copy.format},
                            generated);
    copy.columns = table.columns.size();
    copy.generated = generated.size();
    copy.lock = "LOCK TABLE ONLY " + table.name.quoted() + " IN ACCESS SHARE MODE";
    copy.check = "SELECT 1 / (" + quote_literal(table.name.quoted()) +
                 "::pg_catalog.regclass::pg_catalog.oid = " + to_string(table.oid) + ")::pg_catalog.int4; ";
    copy.object = table.name.shown();
    copy.relation = plan.relations.size() - 1;
    copy.number = i;
    copy.file_apart = apart;
    copy.bytes = (table.heap_bytes + table.toast_bytes) / ranges.size();
    plan.copies.push_back(std::move(copy));
  }
  plan.oids.push_back(table.oid);
}

}  // namespace

Plan plan_copies(const std::vector<TableInfo>& tables, const ServerFacts& server, Spread spread,
                 const TableChoice& choice, const std::string& encoding) {
  Plan plan;
  std::map<Oid, const TableInfo*> partitioned;
  for (const TableInfo& table : tables) {
    if (table.kind == 'p') partitioned[table.oid] = &table;
    if (!choice.excluded.contains(table.oid)) spread.all_bytes += table.heap_bytes + table.toast_bytes;
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
      plan_table(plan, table, page_ranges(table, server.version, spread), encoding);
    }
  }
  return plan;
}

void largest_first(std::vector<PlannedCopy>& copies) {
  std::stable_sort(copies.begin(), copies.end(),
                   [](const PlannedCopy& a, const PlannedCopy& b) { return a.bytes > b.bytes; });
}

}  // namespace pgassay::backup
