#include "backup/blockers.h"

#include <fmt/format.h>

namespace pgassay::backup {
namespace {

// A prepared transaction has no pid; what it is called is found by its lock on its own number. What
// virtualtransaction is of it differs between releases.
constexpr const char* kHolders = R"(
  SELECT n.nspname, c.relname, l.pid, coalesce(a.usename, ''), coalesce(a.application_name, ''),
         coalesce(a.xact_start, p.prepared)::timestamptz(0)::text, coalesce(p.gid, ''), coalesce(p.owner, ''),
         coalesce(a.state LIKE 'idle in transaction%', false)
  FROM pg_catalog.pg_locks l
  JOIN pg_catalog.pg_class c ON c.oid = l.relation AND c.relkind IN ('r', 'p')
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    AND n.nspname NOT IN ('pg_catalog', 'pg_toast', 'information_schema')
  LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
  LEFT JOIN pg_catalog.pg_prepared_xacts p ON l.pid IS NULL AND EXISTS (SELECT FROM pg_catalog.pg_locks x
    WHERE x.pid IS NULL AND x.locktype = 'transactionid' AND x.transactionid = p.transaction
      AND x.virtualtransaction = l.virtualtransaction)
  WHERE l.locktype = 'relation' AND l.granted AND l.mode = 'AccessExclusiveLock'
    AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
    AND l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid()
  ORDER BY coalesce(a.xact_start, p.prepared), 1, 2 LIMIT 10)";

Blocker blocker_of(const Result& rows, int row) {
  const std::string table = QualifiedName{rows.text(row, 0), rows.text(row, 1)}.shown();
  const std::string since = rows.null(row, 5) ? "" : ", since " + rows.text(row, 5);
  Blocker blocker;
  if (rows.null(row, 2)) {
    blocker.forgotten = true;
    blocker.text = fmt::format("{} is locked by the prepared transaction {} (owner {}{})", table,
                               quote_literal(rows.text(row, 6)), rows.text(row, 7), since);
    blocker.hint =
        fmt::format("COMMIT PREPARED {0} or ROLLBACK PREPARED {0} ends it", quote_literal(rows.text(row, 6)));
    return blocker;
  }
  blocker.forgotten = rows.boolean(row, 8);
  const std::string user = rows.text(row, 3).empty() ? "" : "user " + rows.text(row, 3) + ", ";
  blocker.text =
      fmt::format("{} is locked by pid {} ({}application {}{}{})", table, rows.text(row, 2), user,
                  quote_literal(rows.text(row, 4)), since, blocker.forgotten ? ", idle in transaction" : "");
  blocker.hint = fmt::format("SELECT pg_terminate_backend({}) ends it", rows.text(row, 2));
  return blocker;
}

}  // namespace

std::vector<Blocker> blockers(Connection& connection) {
  const Result rows = connection.query(kHolders);
  std::vector<Blocker> found;
  for (int row = 0; row < rows.rows(); ++row) found.push_back(blocker_of(rows, row));
  return found;
}

Blocker who_is_in_the_way(Connection& connection) noexcept {
  try {
    std::vector<Blocker> found = blockers(connection);
    if (found.empty()) return {};
    found[0].text = "; " + found[0].text;
    return std::move(found[0]);
  } catch (const std::exception&) {  // it is asked after an error, and that one counts
    return {};
  }
}

}  // namespace pgassay::backup
