// All of a verification that needs nothing but the backup's own directory.
#pragma once

#include <optional>
#include <stop_token>

#include "verify/findings.h"
#include "verify/verify.h"

namespace pgassay::verify {

struct StoredBytes {
  std::optional<Manifest> manifest;  ///< absent when it could not be read
  std::vector<Check> checks;
  std::uint64_t files_read = 0, bytes_read = 0, rows_read = 0;
};

/// Reads every file once: SHA-256, frame, rows and digest in one pass. Findings of the schema archive are
/// added, but it gets no check here.
StoredBytes check_stored_bytes(const Place& backup_dir, const VerifyOptions& options,
                               VerifyFindings& findings, Observer& observer, std::stop_token stop);

}  // namespace pgassay::verify
