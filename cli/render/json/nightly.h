// What status and nightly add to the --json document.
#pragma once

#include <vector>

#include "cli/render/json/out.h"
#include "nightly/status.h"

namespace pgassay::cli {

void set_status(Reply& reply, const std::vector<nightly::DatabaseStatus>& databases);
void set_nights(Reply& reply, const std::vector<nightly::NightRecord>& nights);

}  // namespace pgassay::cli
