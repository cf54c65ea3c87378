#pragma once

#include "tests/bench/lab.h"

namespace pgassay::bench {

/// push and restore by way of an S3 server (tests/store/rgw.sh), against rclone and against the disk.
void stores_one_table(Lab& lab);
void stores_small_tables(Lab& lab);

}  // namespace pgassay::bench
