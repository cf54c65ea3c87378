// One line of JSON for each object of the database: {"kind", "identity", "owner", "acl", "definition"} where the
// definition is a hash of its stable text. The drill compares it with the restored database. It leaves out what pg_dump
// does not carry: invalid indexes, initdb's own objects, extension members, temporary objects.
#pragma once

#include "core/postgres/connection.h"
#include "core/stream/part.h"

namespace pgassay {

/// Streams the inventory's lines, in a stable order. ACLs are normalised (acldefault applied, aclexplode'd, sorted,
/// grantee names); catalog functions do not follow our snapshot, so DDL that races with the reading shows as a
/// changed xmin horizon: the caller compares two readings of `inventory_fingerprint` taken before and after.
void read_inventory(Connection& connection, RowSink& lines);
/// Changes when any catalog row that the inventory reads from changes.
std::string inventory_fingerprint(Connection& connection);

}  // namespace pgassay
