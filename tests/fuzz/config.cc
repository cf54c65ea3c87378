#include "cli/config/config.h"

#include "core/system/error.h"
#include "tests/fuzz/targets.h"

namespace pgassay::fuzz {

void config(std::string_view input) {
  try {
    cli::parse_config(input, "pgassay.toml");
  } catch (const UsageError&) {
  }
}

}  // namespace pgassay::fuzz
