// Finding PostgreSQL's own client programs: configured, else PATH, else /usr/lib/postgresql/*/bin.
#pragma once

#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "core/system/place.h"
#include "core/system/subprocess.h"

namespace pgassay {

/// A client program and its version as server_version_num counts (150020; 0: unknown).
struct PgTool {
  std::vector<std::string> argv;  ///< how to call it: {"/usr/lib/postgresql/15/bin/pg_dump"}
  int version = 0;
  std::string version_text;  ///< "15.20"
  /// Of one that runs in the server's container: where it finds the server from there (host, port). Empty:
  /// where we do.
  std::map<std::string, std::string> server_address = {};
  std::string place = {};  ///< "the container db"; empty: this host
  int major() const { return version / 10000; }
  std::string shown() const;  ///< "/usr/bin/pg_dump", "pg_dump of the container db"
};

/// What such a program takes from our environment, and one that runs elsewhere is to be given.
inline const std::vector<std::string> kToolVariables = {"PGPASSWORD", "PGOPTIONS", "PGAPPNAME", "LC_ALL"};

/// Every distinct program of that name on this host, newest first. Debian's pg_wrapper is not one: which
/// release it runs depends on the cluster that it guesses.
std::vector<PgTool> find_pg_tools(const std::string& program, std::stop_token stop);

/// The one to dump a server of this version with: the same major and not older than the server's minor
/// release (the very same one before newer ones); else the newest of the same major; else the lowest newer
/// major. `configured` (a path) is taken as it is, but must be a pg_dump of at least the server's major.
/// `elsewhere`: another beside this host's, which are preferred where both fit alike. Throws Refused with
/// what was found and what to install.
PgTool choose_pg_dump(int server_version, const std::string& configured, std::stop_token stop,
                      const std::optional<PgTool>& elsewhere = std::nullopt);
/// Runs it with --version. Version 0 when it does not run, or is another program.
PgTool examine_pg_tool(PgTool tool, const std::string& program, std::stop_token stop);
/// Its neighbour of another name: pg_dump -> pg_dumpall. Throws Refused when it isn't there.
PgTool sibling(const PgTool& tool, const std::string& program, std::stop_token stop);
/// To restore into a server: the pg_restore of its major, else a newer one; it must read archives of that
/// pg_dump (archive_version, 0: any). Throws Refused.
PgTool choose_pg_restore(int server_version, int archive_version, std::stop_token stop);
/// The next argument of `command`, which runs `tool`: a file of a backup, opened by the repository's door. A
/// program of this host gets it as it is now, whatever is put in its place afterwards, and one that runs
/// elsewhere by its path. What is returned is kept until the program has ended.
[[nodiscard]] Fd append_archive(Command& command, const PgTool& tool, const Place& archive);

/// The rules themselves, without looking for anything: of tools sorted newest first.
std::optional<PgTool> fitting_pg_dump(int server_version, const std::vector<PgTool>& newest_first);
/// A server to restore into: the newest of the same major, else the lowest newer major.
std::optional<PgTool> fitting_server(int source_version, const std::vector<PgTool>& newest_first);
std::optional<PgTool> fitting_pg_restore(int server_version, int archive_version,
                                         const std::vector<PgTool>& newest_first);
/// The lowest major release whose pg_restore reads the archives of that pg_dump.
int pg_restore_needed(int pg_dump_version);
/// Of what PROGRAM --version prints: 150020, 180000 for "18beta1"; 0 when it is not that program's.
int parse_tool_version(std::string_view output, std::string_view program);
std::string version_text(std::string_view output);

/// Why this tool is worth a warning against this server, or empty (another major; an older minor release).
std::string misfit(const PgTool& tool, int server_version);

}  // namespace pgassay
