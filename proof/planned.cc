#include "proof/planned.h"

#include <algorithm>
#include <string>

namespace pgassay::proof {
namespace {

/// Takes a name off the front of an identity, quoted where it had to be.
std::string take_name(std::string_view& identity) {
  std::string name;
  if (!identity.starts_with('"')) {
    name = identity.substr(0, identity.find('.'));
    identity.remove_prefix(name.size());
    return name;
  }
  for (identity.remove_prefix(1); !identity.empty(); identity.remove_prefix(1)) {
    if (identity.front() == '"') {
      identity.remove_prefix(1);
      if (!identity.starts_with('"')) break;
    }
    name += identity.front();
  }
  return name;
}

QualifiedName name_of(std::string_view identity) {
  QualifiedName name;
  name.schema = take_name(identity);
  if (identity.starts_with('.')) identity.remove_prefix(1);
  name.name = take_name(identity);
  return name;
}

bool has_rows(const InventoryObject& object) {
  return object.kind == "table" || object.kind == "partitioned table" || object.kind == "materialized view";
}

Check unverified(const CheckId& id, const std::string& why) {
  const std::string what = id.kind == CheckKind::rows ? "table" : std::string(to_string(id.kind));
  return {id.object.empty() ? what : what + " " + id.object,
          Verdict::unverified,
          why,
          {id.kind, id.object, "planned"}};
}

}  // namespace

std::set<CheckId> planned_checks(const Manifest& manifest) {
  std::set<CheckId> planned;
  for (const Relation& relation : manifest.relations) {
    if (relation.kind == 'm') planned.insert({CheckKind::materialized_view, relation.name.shown(), {}});
    const bool tree = relation.kind == 'p' && !relation.root;
    const bool table = relation.kind == 'r' && !relation.root && relation.data == Data::copied;
    if (tree || table) planned.insert({CheckKind::rows, relation.name.shown(), {}});
  }
  for (const Sequence& sequence : manifest.sequences)
    planned.insert({CheckKind::sequence, sequence.name.shown(), {}});
  if (manifest.large_objects.count > 0) planned.insert({CheckKind::large_objects, {}, {}});
  return planned;
}

std::vector<Check> not_made(const Manifest& manifest, std::span<const InventoryObject> inventory,
                            const std::set<CheckId>& made) {
  std::vector<Check> checks;
  for (const CheckId& id : planned_checks(manifest))
    if (!made.contains(id)) checks.push_back(unverified(id, "it was to be compared, and was not"));
  std::set<QualifiedName> relations, sequences;
  for (const Relation& relation : manifest.relations) relations.insert(relation.name);
  for (const Sequence& sequence : manifest.sequences) sequences.insert(sequence.name);
  for (const InventoryObject& object : inventory) {
    // Bytes that are no UTF-8 are written otherwise here than in the manifest.
    const bool sql_ascii = manifest.encoding == "SQL_ASCII";
    if (sql_ascii && std::ranges::any_of(object.identity, [](char c) { return (c & 0x80) != 0; })) continue;
    const QualifiedName name = name_of(object.identity);
    const bool unknown = has_rows(object)            ? !relations.contains(name)
                         : object.kind == "sequence" ? !sequences.contains(name)
                                                     : false;
    if (unknown)
      checks.push_back(
          unverified({object.kind == "sequence" ? CheckKind::sequence : CheckKind::rows, name.shown(), {}},
                     "the backup's inventory has it, and the manifest does not say what it holds"));
  }
  return checks;
}

}  // namespace pgassay::proof
