// What a Prometheus server scrapes, in its text format
// (https://prometheus.io/docs/instrumenting/exposition_formats/), named by its conventions
// (https://prometheus.io/docs/practices/naming/): base units, times as _timestamp_seconds.
#pragma once

#include <span>
#include <string>

#include "nightly/status.h"

namespace pgassay::nightly {

/// Of the databases that are watched. A sample is absent where there is nothing to tell: never a 0 for "not
/// known".
std::string metrics_text(std::span<const DatabaseStatus> databases, std::optional<std::uint64_t> free_bytes,
                         Time now);

}  // namespace pgassay::nightly
