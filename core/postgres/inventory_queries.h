// Private to inventory.cc: the objects of a database, as SQL.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/postgres/inventory.h"

namespace pgassay {

/// One kind of object. All are SQL expressions over `from`.
struct ObjectKind {
  std::string_view kind, identity;
  std::string_view owner;       ///< a role's oid; empty: none
  std::string_view acl;         ///< "column, type, owner" as acldefault() wants the last two; empty: none
  std::string_view definition;  ///< text, the same before a dump and after its restore
  std::string_view from, where;
  std::string_view
      class_oid;  ///< "catalog, oid", by which it may be an extension's member; empty: it is none
  std::string_view alterable = {};  ///< JSON object of text: what can be altered in a member
};

const std::vector<ObjectKind>& object_kinds();
/// SELECT of one column, a line of JSON for each object, sorted by identity. `converts`: the server can turn
/// text into UTF-8, in which definitions are hashed. A definition that may have to be rewritten before that
/// comes whole, with a byte 1 in front. `without`: relations that are left out with what belongs to them.
std::string inventory_query(const ObjectKind& kind, int server_version, bool converts,
                            InventoryOf which = InventoryOf::all, const std::vector<Oid>& without = {});

}  // namespace pgassay
