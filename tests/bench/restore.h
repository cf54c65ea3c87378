#pragma once

#include "tests/bench/lab.h"

namespace pgassay::bench {

/// What a restore takes against pg_restore from the directory format, and its proof against reading the same
/// rows: of two large tables, and of a single one with two indexes.
void restore_two_tables(Lab& lab);
void restore_indexed_table(Lab& lab);

}  // namespace pgassay::bench
