// Can backups work here? What preflight sees, and all else that can be seen beforehand: of one source, or of
// the host. Only looks; makes nothing, not even a repository.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "backup/preflight.h"

namespace pgassay {

struct Diagnosis {
  std::string subject;                     ///< a source's name, or "this host"
  std::vector<PreflightFinding> findings;  ///< at least one for each check, in words also where it passed
  bool can_back_up() const;                ///< nothing was refused
};

/// A server that can't be reached is a finding, too.
Diagnosis examine_source(const Path& repository, const BackupOptions& options, std::stop_token stop);

/// Client programs, engines for drills, the repository. The last without `repository`: left out.
Diagnosis examine_host(const std::optional<Path>& repository, std::stop_token stop);

}  // namespace pgassay
