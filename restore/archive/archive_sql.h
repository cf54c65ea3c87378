// Entries of the schema archive as SQL, to be run over a connection of ours: in a transaction of ours, and
// never by psql.
#pragma once

#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "core/postgres/connection.h"
#include "core/postgres/pg_tool.h"
#include "core/system/place.h"

namespace pgassay::restore {

struct ArchiveSql {
  PgTool pg_restore;
  Place archive;
  std::string encoding;  ///< of the archive, which is the backup's
  bool owners = true, acl = true;
};

/// What pg_restore writes for these entries, in the archive's order, without psql's own commands around it
/// and with the session's own time-outs. Of one section, where one is named.
std::string entries_sql(const ArchiveSql& source, const std::vector<int>& entries, std::stop_token stop,
                        std::string_view section = {});
/// The script without the \restrict and \unrestrict that pg_restore puts around it; every other line stays.
std::string without_restrict(std::string script);

/// The script without the lines at its beginning that switch time-outs off.
std::string without_time_outs(std::string script);
/// Of the script of one entry that is one statement: that one, for someone to run by hand.
std::string only_statement(std::string_view script);

/// Runs it as one message: all or nothing, where no transaction is open. It ends with the connection's
/// encoding as it was, and with settings of pg_restore's that leave the text of rows alone.
void run_sql(Connection& connection, const std::string& sql, const std::string& encoding);

/// The list that pg_restore -L reads.
std::string archive_list_of(const std::vector<int>& entries);

/// Does the server say that what was to be made is there already?
bool says_it_exists(const ServerError& error);

}  // namespace pgassay::restore
