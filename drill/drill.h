// A drill: restores a backup into a throwaway server and shows that the database came back, every row and
// object of it.
#pragma once

#include <stop_token>
#include <string>

#include "core/repository/repository.h"
#include "drill/checks.h"
#include "drill/server/throwaway_server.h"

namespace pgassay::drill {

struct DrillOptions {
  Engine engine = Engine::automatic;
  std::string image;  ///< empty: the engine's choice
  Pull pull = Pull::missing;
  std::uint64_t memory_bytes = 0;   ///< the server's; 0: the engine's choice
  Path work_dir;                    ///< empty: the engine's choice
  bool keep = false;                ///< leave the server up
  bool allow_weak_sandbox = false;  ///< see ThrowawayRequest
  std::string search_path = {};     ///< as restore::IntoEmpty's
  DrillQuestions questions;
  bool write_evidence = true;  ///< a repository that can't be written gets a warning instead
  std::string tool_version;
};

struct DrillReport {
  Evidence evidence;           ///< its file is empty when it could not be stored
  std::string how_to_connect;  ///< to the server that was left up; empty: there is none
};

/// PASS: every check passed, and at least one was made. FAIL: the backup is bad, or does not bring back what
/// was read; each thing is named by its check. UNVERIFIED: something could not be compared. Whatever the end,
/// the server is gone, unless it was to be kept.
///
/// Throws Unverified, and leaves no evidence, when there was nothing to compare: no server could be started,
/// it lacks an extension or a locale, it ran out of memory or disk. Throws Locked when prune is removing the
/// backup, and Stopped.
DrillReport drill_backup(const Repository& repository, const Backup& backup, const DrillOptions& options,
                         Observer& observer, std::stop_token stop);

/// Names of the evidence's facts.
namespace fact {
inline constexpr const char *kRowsCompared = "rows_compared", *kBytesCompared = "bytes_compared",
                            *kTablesCompared = "tables_compared", *kObjectsCompared = "objects_compared",
                            *kServerVersion = "server_version", *kEngine = "engine", *kImage = "image";
}

}  // namespace pgassay::drill
