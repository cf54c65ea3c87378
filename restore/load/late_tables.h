// Tables whose rules call code of the database's users, which may read other tables.
#pragma once

#include <set>
#include <vector>

#include "core/postgres/connection.h"
#include "core/repository/manifest.h"

namespace pgassay::restore {

/// Names of tables and partitioned tables a CHECK, a domain (at any depth), a generated column, a type's
/// input function or a partition key of which calls a function that is neither the server's own nor an
/// extension's in C. Wants the database once its pre-data is there, and a session with an empty search_path.
std::set<QualifiedName> find_tables_that_call_code(Connection& connection);

/// Those relations of the manifest, and partitions of such, that have rows of their own: in the order in
/// which pg_restore loads tables, by schema and name. They are loaded one after the other once all others are
/// in: whatever their rules read is then there wherever pg_restore would have found it.
std::vector<const Relation*> find_late_tables(Connection& connection, const Manifest& manifest);

/// Tables with a column that names relations, functions or types at any depth, as regclass does: a row may
/// name what is made after rows. Wants the database once its pre-data is there.
std::set<QualifiedName> find_tables_that_name_objects(Connection& connection);

}  // namespace pgassay::restore
