// What drills add to the --json document.
#pragma once

#include <string>
#include <vector>

#include "cli/render/json/out.h"
#include "drill/drill.h"

namespace pgassay::cli {

void set_drilled(Reply& reply, const BackupId& id, const drill::DrillReport& report);
void add_drilled(Reply& reply, const BackupId& id, const drill::DrillReport& report);  ///< to "drills"
void set_collected(Reply& reply, const std::vector<std::string>& gone);

}  // namespace pgassay::cli
