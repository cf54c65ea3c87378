#pragma once

#include "tests/bench/lab.h"

namespace pgassay::bench {

/// From the call to a ready, empty throwaway server, for each engine that is here and needs no image pulled.
void engine_start(Lab& lab);

}  // namespace pgassay::bench
