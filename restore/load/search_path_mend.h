// Functions that find no names under an empty search_path, and what mends them.
#pragma once

#include <string>
#include <string_view>

#include "core/postgres/connection.h"
#include "restore/loss.h"

namespace pgassay::restore {

/// Is it an error that something of that name is not found?
bool is_for_want_of_a_name(std::string_view sqlstate);

/// Restores work under an empty search_path, as pg_dump wants it. Where `error`, of this statement, is of a
/// name that a function did not find, by its SQLSTATE and its context: the ALTER FUNCTION … SET search_path
/// under which the statement succeeds, tried in a transaction that is taken back. Empty: there is none. The
/// session is in no transaction.
std::string search_path_mend(Connection& connection, const ServerError& error, const std::string& statement);

/// The same of what was lost by `error`, and can be tried again: noted there, and told.
void add_mend(Connection& connection, const ServerError& error, Loss& loss);

}  // namespace pgassay::restore
