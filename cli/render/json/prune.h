// prune's member of the --json document (docs/json.md).
#pragma once

#include <span>

#include "cli/render/json/out.h"
#include "retention/prune.h"

namespace pgassay::cli {

/// The decisions about all backups of these databases.
void set_pruned(Reply& reply, std::span<const retention::PruneReport> reports);

}  // namespace pgassay::cli
