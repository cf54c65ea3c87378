#include "cli/command/command.h"

namespace pgassay::cli {

/// The first word of the commands below.
const Command kStore = {
    .name = "store",
    .what = "places off the host for copies of backups: set one up, try what it promises",
    .examples =
        "  pgassay store init vault\n"
        "  pgassay store check vault\n"
        "  pgassay store rekey vault --identity recovery.key\n"
        "  pgassay store kit vault > kit.md\n",
    .declare = nullptr,
};

}  // namespace pgassay::cli
