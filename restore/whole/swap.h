// The last step of replacing a database: two names change hands in one transaction.
#pragma once

#include <stop_token>
#include <string>

#include "core/postgres/connection.h"

namespace pgassay::restore {

struct Swap {
  std::string database, beside, before;  ///< beside becomes database, which becomes before
  Oid old_oid{}, new_oid{};              ///< of database and beside, as they were looked at
  std::string comment;                   ///< of the new one
};

/// `server`: of another database than these two. Sessions in either database are ended; from the first rename
/// on the server lets no new one in until the transaction ends, and those that waited then fail to find the
/// name's old bearer. Returns how many were ended. It waits for them a bounded time. Throws Error when some
/// stay, Refused when what the names stand for is not what it was: nothing has changed then. An interruption
/// is heeded until the COMMIT is sent.
std::size_t swap_names(const ConnInfo& server, const Swap& swap, std::stop_token stop);

/// Why the database can't be given up, in words: templates, replication slots, subscriptions, prepared
/// transactions.
std::vector<std::string> ties_of(Connection& connection, const std::string& database);

}  // namespace pgassay::restore
