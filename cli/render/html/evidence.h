// A report's evidence: what each verify and each drill looked at.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/repository/evidence.h"
#include "core/repository/repository.h"

namespace pgassay::cli {

/// One verify or drill of a backup.
struct Proving {
  const Backup* backup;
  Evidence evidence;
  bool is_drill() const { return evidence.kind == "drill"; }
};

/// What did not pass, and the newest of what did, each to be opened; of the others where their files are.
std::string evidence_section(std::span<const Proving> provings);

}  // namespace pgassay::cli
