// The database moved under us in a way that a new snapshot cures. take_backup starts again, a bounded number
// of times.
#pragma once

#include "core/postgres/connection.h"

namespace pgassay::backup {

class TryAgain : public Error {
 public:
  using Error::Error;
};

/// pg_dump waits behind somebody who waits for us. Where tables are altered or truncated all the time the
/// next try would end the same: it has to dump the schema before it locks.
class SchemaBlocked : public TryAgain {
 public:
  using TryAgain::TryAgain;
};

/// TryAgain; and of a standby what ends whoever is in the way of what it replays
/// (https://www.postgresql.org/docs/current/hot-standby.html#HOT-STANDBY-CONFLICT): a session that is idle
/// just then loses its connection, and pg_dump tells of it in words.
bool is_worth_another_attempt(const Error& error, bool standby);

/// Is it what PostgreSQL says of a row whose text passes 1 GB
/// (https://www.postgresql.org/docs/current/limits.html)?
bool is_too_long_a_row(const ServerError& error);

/// Rethrows as TryAgain what a new attempt can cure: a relation that vanished, a deadlock, a standby's
/// recovery conflict (https://www.postgresql.org/docs/current/errcodes-appendix.html), as Error naming
/// `object` what it can't.
[[noreturn]] void rethrow_for(const std::string& object);

}  // namespace pgassay::backup
