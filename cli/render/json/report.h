// The `report` of --json.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "cli/render/html/report.h"
#include "cli/render/json/out.h"

namespace pgassay::cli {

void set_report(Reply& reply, const std::string& output, std::uint64_t bytes,
                std::span<const Chapter> chapters);

}  // namespace pgassay::cli
