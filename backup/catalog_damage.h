// Rows of the catalogs that point at rows that are not there: pg_dump and the server stumble over such, and
// name a number at most.
#pragma once

#include <string>
#include <vector>

#include "core/postgres/connection.h"

namespace pgassay::backup {

/// "pg_proc f (oid 16390): its pronamespace 16385 is in no row of pg_namespace", by what the server says of
/// its catalogs' keys; at most ten. Empty before PostgreSQL 14, which does not say. What the role may not
/// read is not looked at.
std::vector<std::string> catalog_damage(Connection& connection);

}  // namespace pgassay::backup
