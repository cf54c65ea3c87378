// Who holds a lock on a table that a backup has to lock, and how that ends.
#pragma once

#include <string>
#include <vector>

#include "core/postgres/connection.h"

namespace pgassay::backup {

struct Blocker {
  std::string
      text;  ///< "public.t is locked by pid 4711 (user app, application psql, since 2026-11-23 02:00:00+00)"
  std::string hint;        ///< the statement that ends it
  bool forgotten = false;  ///< a prepared transaction, or a session that is idle in one
};

/// Holders of ACCESS EXCLUSIVE locks on tables of the database: sessions and prepared transactions. What the
/// role may not see of another's session is left out of the words. At most ten.
std::vector<Blocker> blockers(Connection& connection);

/// "; public.t is locked by …" of the first, and its hint; both empty where nobody is in the way any more.
Blocker who_is_in_the_way(Connection& connection) noexcept;

}  // namespace pgassay::backup
