#include "restore/tables/row_targets.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace pgassay::restore {
namespace {

class Finder {
 public:
  Finder(Connection& connection, const Manifest& manifest, const std::set<QualifiedName>& alone)
      : manifest_(manifest), alone_(alone), tables_(list_tables(connection, false)) {
    for (const TableInfo& table : tables_) by_name_[table.name] = &table;
  }

  RowTargets run() {
    for (const Relation& relation : manifest_.relations) {
      if (relation.kind != 'r' || relation.data != Data::copied) continue;
      if (relation.extension.empty()) land(relation);
    }
    return std::move(targets_);
  }

 private:
  const TableInfo* find(const QualifiedName& name) const {
    const auto found = by_name_.find(name);
    return found == by_name_.end() ? nullptr : found->second;
  }

  void land(const Relation& relation) {
    const TableInfo* here = find(relation.name);
    const TableInfo* root = relation.root ? find(*relation.root) : nullptr;
    if (root != nullptr && (here == nullptr || here->root != root->oid || relation.via_root)) here = root;
    if (here == nullptr)
      return differ(fmt::format("table {} is missing", relation.root.value_or(relation.name).shown()));
    if (here->kind != 'r' && here->kind != 'p') return differ(here->name.shown() + " is no table here");
    const TableInfo* top = root != nullptr ? root : here;
    if (root == nullptr && here->root != Oid::none && !alone_.contains(relation.name))
      return differ(relation.name.shown() + " is a partition here, which it was not");
    RowTarget& place = place_of(*top, relation);
    place.work.emplace_back(&relation, CopyTarget{here->name, relation.columns, false, here->kind == 'p'});
    compare(relation, *here);
  }

  void differ(std::string line) {
    if (std::find(targets_.differences.begin(), targets_.differences.end(), line) ==
        targets_.differences.end())
      targets_.differences.push_back(std::move(line));
  }

  RowTarget& place_of(const TableInfo& top, const Relation& relation) {
    for (RowTarget& place : targets_.places)
      if (place.table.oid == top.oid) return place;
    const Relation* whole = relation.root ? manifest_.find(*relation.root) : nullptr;
    const Relation& shape = whole != nullptr ? *whole : relation;
    targets_.places.push_back({top, shape.columns, shape.format, {}});
    if (&shape != &relation) compare(shape, top);
    return targets_.places.back();
  }

  void compare(const Relation& relation, const TableInfo& here) {
    std::map<std::string, std::string> types;
    for (std::size_t i = 0; i < here.columns.size(); ++i) types[here.columns[i]] = here.types[i];
    for (std::size_t i = 0; i < relation.columns.size(); ++i) {
      const std::string column = fmt::format("column {}.{}", here.name.shown(), relation.columns[i]);
      const auto found = types.find(relation.columns[i]);
      if (found == types.end())
        differ(column + (is_generated(here, relation.columns[i]) ? " is generated" : " is missing"));
      else if (i < relation.types.size() && found->second != relation.types[i])
        differ(fmt::format("{} is {}, and {} in the backup", column, found->second, relation.types[i]));
      types.erase(relation.columns[i]);
    }
    for (const auto& [name, type] : types)
      targets_.notes.push_back(
          {NoteKind::left_out,
           here.name.shown(),
           {},
           fmt::format("column {}.{} is not in the backup: it takes its default", here.name.shown(), name)});
  }

  static bool is_generated(const TableInfo& table, const std::string& column) {
    return std::any_of(table.generated.begin(), table.generated.end(),
                       [&](const GeneratedColumn& generated) { return generated.name == column; });
  }

  const Manifest& manifest_;
  const std::set<QualifiedName>& alone_;
  std::vector<TableInfo> tables_;
  std::map<QualifiedName, const TableInfo*> by_name_;
  RowTargets targets_;
};

}  // namespace

RowDigest RowTarget::expected() const {
  RowDigest sum;
  for (const auto& [relation, target] : work) sum.merge(relation->digest);
  return sum;
}

RowTargets find_row_targets(Connection& connection, const Manifest& manifest,
                            const std::set<QualifiedName>& alone) {
  return Finder(connection, manifest, alone).run();
}

}  // namespace pgassay::restore
