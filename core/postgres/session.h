// The settings under which rows are read and digested, and those under which they are loaded. Digests are
// comparable only between sessions with the same settings, so there is one list. Each line of it is a case
// that a naive dump gets wrong; docs/architecture.md says which.
#pragma once

#include <map>
#include <string>

#include "core/postgres/connection.h"

namespace pgassay {

/// lc_monetary that money is written and read under: it is everywhere, and gives every value back as it was.
inline constexpr const char* kMoneyLocale = "C";

using Settings = std::map<std::string, std::string>;

/// Before a reading session, whatever the role's or the database's own settings are. lc_monetary is pinned to
/// the given value (the source's, from the manifest; empty: leave the server's). Returns what was set, for
/// the manifest.
Settings start_reading_session(Connection& connection, const std::string& lc_monetary = {});
/// For COPY FROM and DDL: time-outs 0, not read-only, row_security off, triggers as they are,
/// synchronous_commit off.
void start_loading_session(Connection& connection, const std::string& lc_monetary = {});
/// The same as a statement of a script, for a server of whatever version.
std::string loading_session_sql(const std::string& lc_monetary = {});
/// What the PGOPTIONS of pg_dump and pg_restore children end with, behind those of child_environment():
/// time-outs 0, read-write, row_security off.
std::string child_options(int server_version);

}  // namespace pgassay
