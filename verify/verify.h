// Stored bytes: is a backup, byte for byte, what was written, and does it decode to the rows that were read?
#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <utility>

#include "core/repository/repository.h"

namespace pgassay::verify {

struct VerifyOptions {
  unsigned jobs = 2;
  /// n/t: read the data parts whose number modulo t is n - 1; every other check is made in full.
  std::optional<std::pair<unsigned, unsigned>> subset;
  bool write_evidence = true;  ///< a repository that can't be written gets a warning instead
  std::string tool_version;
};

/// Missing proof is not proof of damage: a backup that is out of reach is Unverified.
ReadLease lease_or_unverified(const Repository& repository, const Backup& backup);

/// Everything wrong is found, not just the first thing: files missing or extra, sizes, SHA-256, zstd frames,
/// rows and digests of every part, sums by relation, SHA256SUMS against the manifest, the schema archive read
/// to its end by pg_restore, inventory and globals. Never throws for damage; throws Error when the repository
/// can't be read at all.
Evidence verify_backup(const Repository& repository, const Backup& backup, const VerifyOptions& options,
                       Observer& observer, std::stop_token stop);

}  // namespace pgassay::verify
