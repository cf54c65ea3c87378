// What went wrong with the throwaway server itself, and so says nothing about the backup.
#pragma once

#include <string_view>

#include "core/postgres/connection.h"

namespace pgassay::drill {

/// SQLSTATEs of a server that ran out of memory, disk, locks, or is going down; not of what it was asked to
/// do.
bool is_server_failure(std::string_view sqlstate);
/// It failed for want of another server, or of a foreign table that is cut off (ForeignAccess).
bool wants_another_server(const ServerError& error);
/// The same as is_server_failure() of a line of pg_restore's, which has the words only (English, as drills'
/// servers speak). Gives the words that tell, or nothing.
std::string_view server_failure_in(std::string_view line);

}  // namespace pgassay::drill
