// What backup tells of the one it took.
#pragma once

#include <string>
#include <vector>

#include "core/repository/manifest.h"

namespace pgassay::cli {

/// `repo`: the option that named the repository, for the command that it proposes.
std::string backed_up_text(const Place& dir, const ManifestSummary& backup,
                           const std::vector<LeftOut>& left_out, const std::vector<ToolWords>& tools_said,
                           const std::string& repo);

}  // namespace pgassay::cli
