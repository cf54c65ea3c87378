#include "backup/digests.h"

#include <map>
#include <optional>
#include <set>

#include "core/postgres/catalog.h"

namespace pgassay::backup {
namespace {

struct Digested : ChunkSink {
  ChunkDigester digester;
  void chunk(Bytes bytes) override { digester.add(bytes); }
};

/// A leaf that has a generated column that its root has not (or not as one) can't be summed with the others.
void sum_generated_at_the_roots(std::vector<Relation>& relations) {
  std::map<QualifiedName, Relation*> roots;
  for (Relation& relation : relations) {
    if (relation.kind != 'p' || relation.root) continue;
    const std::size_t columns = stored_names(relation.generated).size();
    if (columns == 0) continue;
    relation.generated_digest.emplace().columns.resize(columns);
    roots[relation.name] = &relation;
  }
  for (const Relation& leaf : relations) {
    if (!leaf.root || leaf.kind != 'r') continue;
    const auto root = roots.find(*leaf.root);
    if (root == roots.end() || !root->second->generated_digest) continue;
    if (stored_names(leaf.generated) != stored_names(root->second->generated))
      root->second->generated_digest.reset();
    else if (leaf.generated_digest)
      root->second->generated_digest->merge(*leaf.generated_digest);
    else if (!leaf.parts.empty())
      root->second->generated_digest.reset();
  }
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
