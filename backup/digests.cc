#include "backup/digests.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "core/postgres/catalog.h"
#include "core/postgres/server_trouble.h"

namespace pgassay::backup {
namespace {

struct Digested : ChunkSink {
  explicit Digested(RowFormat format = RowFormat::text) : digester(format) {}
  ChunkDigester digester;
  void chunk(Bytes bytes) override { digester.add(bytes); }
};

/// A leaf that has a generated column that its root has not (or not as one) can't be summed with the others.
void sum_generated_at_the_roots(std::vector<Relation>& relations) {
  std::map<QualifiedName, Relation*> roots;
  for (Relation& relation : relations) {
    if (relation.kind != 'p' || relation.root) continue;
    const std::size_t columns = digested_names(relation.generated).size();
    if (columns == 0) continue;
    relation.generated_digest.emplace().columns.resize(columns);
    roots[relation.name] = &relation;
  }
  for (const Relation& leaf : relations) {
    if (!leaf.root || leaf.kind != 'r') continue;
    const auto root = roots.find(*leaf.root);
    if (root == roots.end() || !root->second->generated_digest) continue;
    if (digested_names(leaf.generated) != digested_names(root->second->generated))
      root->second->generated_digest.reset();
    else if (leaf.generated_digest)
      root->second->generated_digest->merge(*leaf.generated_digest);
    else if (!leaf.parts.empty())
      root->second->generated_digest.reset();
  }
}

bool has_virtual(const TableInfo& table) {
  return std::ranges::any_of(table.generated,
                             [](const GeneratedColumn& column) { return !column.stored && column.digested; });
}

/// Why not; nothing: they are in the relation's digest.
std::optional<std::string> read_virtual(Connection& leader, Relation& relation, const TableInfo& table,
                                        const std::string& encoding) {
  if (table.planning_calls_code)
    return "its indexes or statistics call functions, which reading them would run";
  const std::vector<std::string> names = digested_names(table.generated);
  RowDigest due;
  for (const Part& part : relation.parts) due.merge(part.digest);
  leader.query("SAVEPOINT pgassay");
  std::optional<std::string> why;
  try {
    Digested rows(relation.format);
    GeneratedCutter cutter(rows, table.columns.size(), names.size(), relation.format);
    leader.copy_out(
        copy_out_sql(table.name, table.columns, relation.filter, {}, {encoding, relation.format}, names),
        cutter, relation.format);
    GeneratedDigest found = cutter.finish();
    if (rows.digester.finish() != due)
      why = "its rows are no longer those that were copied";
    else
      relation.generated_digest = std::move(found);
  } catch (const ServerError& error) {
    if (is_server_trouble(error.sqlstate(), error.what())) error.raise();
    why = error.what();
  }
  leader.query("ROLLBACK TO SAVEPOINT pgassay; RELEASE SAVEPOINT pgassay");
  return why;
}

}  // namespace

void digest_views(Connection& leader, std::vector<Relation>& relations, const std::vector<TableInfo>& tables,
                  const std::string& encoding, std::vector<LeftOut>& left_out) {
  std::set<Oid> calling;
  for (const TableInfo& table : tables)
    if (table.planning_calls_code) calling.insert(table.oid);
  for (Relation& view : relations) {
    if (view.kind != 'm' || !view.populated) continue;
    if (calling.contains(view.oid)) {
      left_out.push_back({"digest of materialized view " + view.name.shown(),
                          "its indexes or statistics call functions, which reading it would run"});
      continue;
    }
    leader.query("SAVEPOINT pgassay");
    try {
      Digested rows;
      leader.copy_out(copy_view_out_sql(view.name, view.columns, {encoding, RowFormat::text}), rows);
      view.contents = rows.digester.finish();
    } catch (const ServerError& error) {
      left_out.push_back({"digest of materialized view " + view.name.shown(), error.what()});
    }
    leader.query("ROLLBACK TO SAVEPOINT pgassay; RELEASE SAVEPOINT pgassay");
  }
}

void digest_virtual_columns(Connection& leader, std::vector<Relation>& relations,
                            const std::vector<TableInfo>& tables, const std::string& encoding,
                            std::vector<LeftOut>& left_out) {
  std::map<Oid, const TableInfo*> by_oid;
  for (const TableInfo& table : tables) by_oid[table.oid] = &table;
  std::map<QualifiedName, std::set<std::string>> unread;  // of roots
  for (Relation& relation : relations) {
    const auto table = by_oid.find(relation.oid);
    if (relation.kind != 'r' || table == by_oid.end() || !has_virtual(*table->second)) continue;
    std::optional<std::string> why;
    if (relation.data == Data::copied) why = read_virtual(leader, relation, *table->second, encoding);
    if (why)
      left_out.push_back({"digest of virtual columns of " + relation.name.shown(), *why});
    else
      relation.generated = table->second->generated;
    if (relation.root)
      for (const GeneratedColumn& column : relation.generated)
        if (!column.digested) unread[*relation.root].insert(column.name);
  }
  for (Relation& relation : relations) {
    const auto table = by_oid.find(relation.oid);
    if (relation.kind != 'p' || table == by_oid.end()) continue;
    relation.generated = table->second->generated;
    for (GeneratedColumn& column : relation.generated)
      if (unread[relation.root.value_or(relation.name)].contains(column.name)) column.digested = false;
  }
}

void sum_at_the_roots(std::vector<Relation>& relations) {
  sum_generated_at_the_roots(relations);
  std::map<QualifiedName, RowDigest> sums;
  for (Relation& relation : relations) {
    for (const Part& part : relation.parts) relation.digest.merge(part.digest);
    if (relation.root && relation.kind == 'r') sums[*relation.root].merge(relation.digest);
  }
  for (Relation& relation : relations) {
    if (relation.kind == 'p' && !relation.root) relation.digest = sums[relation.name];
  }
}

}  // namespace pgassay::backup
