#pragma once

#include "tests/bench/lab.h"

namespace pgassay::bench {

/// What a drill's restore takes against a stock restore into a server as one would run it, and what its
/// digests cost on top of reading the rows.
void drill(Lab& lab);

}  // namespace pgassay::bench
