// Can backups work here? What preflight sees, and all else that can be seen beforehand: of one source, or of
// the host. Only looks; makes nothing, not even a repository.
#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "backup/preflight.h"

namespace pgassay::backup {

struct Diagnosis {
  std::string subject;                     ///< a source's name, or "this host"
  std::vector<PreflightFinding> findings;  ///< at least one for each check, in words also where it passed
  std::optional<Preflight> preflight;      ///< where the server could be looked at
  std::uint64_t raw_bytes = 0;             ///< of the newest backup's rows; 0: there is none
  bool can_back_up() const;                ///< nothing was refused
};

/// A server that can't be reached is a finding, too.
Diagnosis examine_source(const Path& repository, const BackupOptions& options, std::stop_token stop);

/// Client programs and the repository. Servers in containers bring programs of their own.
Diagnosis examine_host(const Path& repository, bool needs_client_programs, std::stop_token stop);

}  // namespace pgassay::backup
