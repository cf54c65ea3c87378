#pragma once

#include <string_view>

#include "core/system/place.h"

namespace pgassay {

/// Writes a file that is there whole, durably, or not at all. False, and nothing done, when the name is
/// taken.
bool write_whole_file(const Place& file, std::string_view contents);

}  // namespace pgassay
