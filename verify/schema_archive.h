#pragma once

#include <stop_token>

#include "verify/findings.h"

namespace pgassay::verify {

/// Has pg_restore read the schema archive to its end; --list would not notice that the end is missing.
Check check_schema_archive(const Place& backup_dir, const Manifest& manifest, VerifyFindings& findings,
                           std::stop_token stop);

}  // namespace pgassay::verify
