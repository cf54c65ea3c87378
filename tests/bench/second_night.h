#pragma once

#include "tests/bench/lab.h"

namespace pgassay::bench {

/// How much of a database is stored anew after what a day does to it, for parts of several sizes: the
/// measurement by which kCutsOfTables was chosen.
void second_night(Lab& lab);

}  // namespace pgassay::bench
