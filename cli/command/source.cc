#include "cli/command/command.h"

namespace pgassay::cli {

/// The first word of the commands below.
const Command kSource = {
    .name = "source",
    .what = "names of sources in a repository: one that is another's, one that nobody watches any more",
    .examples =
        "  pgassay source alias local --of prod\n"
        "  pgassay source forget staging\n"
        "  pgassay source reset staging\n",
    .declare = nullptr,
};

}  // namespace pgassay::cli
