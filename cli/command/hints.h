// Commands in hints, as they are to be typed after this one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/command/arguments.h"
#include "nightly/record.h"
#include "nightly/watch.h"

namespace pgassay::cli {

/// Rooms write "pgassay verify prod/app/latest" and know of no flags. Returns the hint with the --repo and
/// --config that this command was given behind each such command's name, where there are none yet.
std::string with_our_flags(std::string_view hint, const Arguments& arguments);
void add_our_flags(std::vector<nightly::Watched>& watched, const Arguments& arguments);
void add_our_flags(nightly::NightRecord& night, const Arguments& arguments);

}  // namespace pgassay::cli
