// Line feeds in COPY text, of which every row has one.
#pragma once

#include <cstdint>

#include "core/system/bytes.h"

namespace pgassay {

std::uint64_t count_line_feeds(Bytes bytes);

}  // namespace pgassay
