// The `report` of --json.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "cli/html_report.h"
#include "cli/json_out.h"

namespace pgassay::cli {

void set_report(Reply& reply, const std::string& output, std::uint64_t bytes,
                std::span<const Chapter> chapters);

}  // namespace pgassay::cli
