// One line of JSON for each object of the database: {"kind", "identity", "owner", "acl", "definition"} where
// the definition is a hash of what dump and restore keep of it (core/postgres/definition_text.h: a change
// detector). A member of an extension has "extension", and in "attributes" what can be altered in it. The
// drill compares it with the restored database. It leaves out what pg_dump does not carry: invalid indexes,
// initdb's own objects, temporary objects; and options of user mappings, which are secrets.
//
// Both functions want a session of start_reading_session(): with another search_path the texts differ.
#pragma once

#include <vector>

#include "core/postgres/connection.h"
#include "core/stream/part.h"

namespace pgassay {

/// Streams the inventory's lines, kind by kind, each sorted by identity, in chunks of whole lines. "acl" is
/// null or a sorted array of "grantee=PRIVILEGE,…" (a star: may grant it on), the defaults written out.
/// Catalog functions do not follow our snapshot: see inventory_fingerprint(). An object dropped while it is
/// read may also end it with a ServerError. `without`: relations that are left out with what belongs to them.
enum class InventoryOf { all, members };  ///< members: of extensions, and nothing else
void read_inventory(Connection& connection, ChunkSink& lines, InventoryOf which = InventoryOf::all,
                    const std::vector<Oid>& without = {});
/// Changes when a catalog row that the inventory reads from changes; temporary tables, ANALYZE, REFRESH and
/// nextval() do not count. It is a plain query: in the snapshot's transaction it tells of the snapshot,
/// outside of it of the present. Both equal, before and after read_inventory: no DDL raced with it.
std::string inventory_fingerprint(Connection& connection);

}  // namespace pgassay
