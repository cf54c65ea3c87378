// The user's own questions to a restored database.
#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/postgres/connection.h"
#include "core/system/clock.h"
#include "core/system/verdict.h"
#include "drill/foreign_access.h"

namespace pgassay::drill {

struct Assertion {
  std::string name, sql;
  std::optional<std::string> expected;  ///< the value as text; absent: it must be true
  Seconds timeout{60};
};

/// Asks each in a session of its own, under the database's own settings, in a read-only transaction. One
/// check each, named "assert NAME": FAIL when the value is another, or the server can't find it (no such
/// table, a division by zero, …); UNVERIFIED when the question itself was at fault or took too long, or
/// wanted another server, or a foreign table that was cut off by `foreign`.
std::vector<Check> check_assertions(const ConnInfo& database, const std::vector<Assertion>& assertions,
                                    const ForeignAccess& foreign, const std::stop_token& stop);

}  // namespace pgassay::drill
