#include "drill/foreign_access.h"

namespace pgassay::drill {

/// The catalog itself is changed, for ALTER FOREIGN DATA WRAPPER would call the database's event triggers.
void ForeignAccess::cut(Connection& connection) {
  const Result cut = connection.query(
      "UPDATE pg_catalog.pg_foreign_data_wrapper w SET fdwhandler = 0"
      " FROM pg_catalog.pg_foreign_data_wrapper before WHERE before.oid = w.oid AND before.fdwhandler <> 0"
      " RETURNING w.oid, before.fdwhandler::pg_catalog.oid");
  for (int row = 0; row < cut.rows(); ++row) handlers_.push_back({cut.text(row, 0), cut.text(row, 1)});
}

void ForeignAccess::give_back(Connection& connection) const {
  for (const Handler& handler : handlers_)
    connection.query("UPDATE pg_catalog.pg_foreign_data_wrapper SET fdwhandler = $1 WHERE oid = $2",
                     {handler.function, handler.wrapper});
}

}  // namespace pgassay::drill
