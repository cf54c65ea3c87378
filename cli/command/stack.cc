#include "cli/command/command.h"

namespace pgassay::cli {

/// The first word of the commands below.
const Command kStack = {
    .name = "stack",
    .what = "docker compose stacks: checks, and the switch from one to another",
    .examples =
        "  pgassay stack check --all\n"
        "  pgassay stack routes prod\n"
        "  pgassay stack switch prod --dry-run\n"
        "  pgassay stack check --help\n",
    .declare = nullptr,
};

}  // namespace pgassay::cli
