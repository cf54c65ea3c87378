// The database moved under us in a way that a new snapshot cures. take_backup starts again, a bounded number
// of times.
#pragma once

#include "core/postgres/connection.h"
#include "core/system/error.h"

namespace pgassay::backup {

inline constexpr std::string_view kLockNotAvailable = "55P03", kInternalError = "XX000";

class TryAgain : public ErrorAs<TryAgain, ErrorKind::try_again> {
 public:
  using ErrorAs::ErrorAs;
};

/// pg_dump waits behind somebody who waits for us. Where tables are altered or truncated all the time the
/// next try would end the same: it has to dump the schema before it locks.
class SchemaBlocked : public ErrorAs<SchemaBlocked, ErrorKind::schema_blocked, TryAgain> {
 public:
  using ErrorAs::ErrorAs;
};

/// TryAgain; and of a standby what ends whoever is in the way of what it replays
/// (https://www.postgresql.org/docs/current/hot-standby.html#HOT-STANDBY-CONFLICT): a session that is idle
/// just then loses its connection.
bool is_worth_another_attempt(const Error& error, bool standby);

/// Is it what PostgreSQL says of a row whose text passes 1 GB
/// (https://www.postgresql.org/docs/current/limits.html)?
bool is_too_long_a_row(const ServerError& error);

/// Throws as TryAgain what a new attempt can cure: a relation that vanished, a deadlock, a standby's
/// recovery conflict (https://www.postgresql.org/docs/current/errcodes-appendix.html); what it can't, as the
/// ServerError that it is, naming `object`, with what can be done about pages that are damaged.
[[noreturn]] void throw_for(const std::string& object, const ServerError& error);

}  // namespace pgassay::backup
