// A backup of a database that nobody writes to, with the proof that nobody did.
#pragma once

#include <string>

#include "core/repository/repository.h"
#include "stack/switch/database.h"
#include "stack/switch/options.h"

namespace pgassay::stack {

/// PASS, or it throws BadBackup or Unverified with the first finding.
void verify_or_throw(const Repository& repository, const Backup& backup, const verify::VerifyOptions& options,
                     Observer& observer, std::stop_token stop);

struct StillBackup {
  Backup backup;
  Stillness still;  ///< before it, and after it
};
/// Takes it, anew when a transaction ended meanwhile, three times at most; then verifies and pins it. Throws
/// Refused when somebody is connected, or writes.
StillBackup take_still_backup(const Repository& repository, const backup::BackupOptions& reached,
                              const verify::VerifyOptions& verify, const std::string& reason,
                              Observer& observer, std::stop_token stop);

}  // namespace pgassay::stack
