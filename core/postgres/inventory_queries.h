// Private to inventory.cc: the objects of a database, as SQL.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pgassay {

/// One kind of object. All are SQL expressions over `from`.
struct ObjectKind {
  std::string_view kind, identity;
  std::string_view owner;       ///< a role's oid; empty: none
  std::string_view acl;         ///< "column, type, owner" as acldefault() wants the last two; empty: none
  std::string_view definition;  ///< text, the same before a dump and after its restore
  std::string_view from, where;
  std::string_view class_oid;  ///< "catalog, oid": leave out what an extension brought
};

const std::vector<ObjectKind>& object_kinds();
/// SELECT of one column, a line of JSON for each object, sorted by identity.
std::string inventory_query(const ObjectKind& kind, int server_version);

}  // namespace pgassay
