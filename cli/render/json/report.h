// The `report` of --json.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/render/json/out.h"
#include "nightly/status.h"

namespace pgassay::cli {

void set_report(Reply& reply, const std::string& output, std::uint64_t bytes,
                const std::vector<nightly::DatabaseStatus>& databases);

}  // namespace pgassay::cli
