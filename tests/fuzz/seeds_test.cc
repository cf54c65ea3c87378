// Each fuzz target over its seeds, whole and cut short: quick, and with any compiler. Inputs that once were a
// finding are among the seeds.
#include <gtest/gtest.h>

#include "core/system/files.h"
#include "tests/fuzz/targets.h"

namespace pgassay::fuzz {
namespace {

void run_over(void (*target)(std::string_view), const std::string& name) {
  const Path dir = Path(PGASSAY_SOURCE_DIR) / "tests/fuzz/seeds" / name;
  const std::vector<std::string> seeds = list_names(dir);
  EXPECT_FALSE(seeds.empty());
  for (const std::string& seed : seeds) {
    const std::string text = read_file(dir / seed);
    target(text);
    constexpr std::size_t kCuts = 50;
    for (std::size_t cut = 0; cut < kCuts; ++cut)
      target(std::string_view(text).substr(0, text.size() * cut / kCuts));
  }
}

TEST(FuzzSeeds, OfManifests) {
  run_over(manifest, "manifest");
}
TEST(FuzzSeeds, OfInventories) {
  run_over(inventory, "inventory");
}
TEST(FuzzSeeds, OfParts) {
  run_over(part, "part");
}
TEST(FuzzSeeds, OfGlobals) {
  run_over(globals, "globals");
}
TEST(FuzzSeeds, OfConfigurations) {
  run_over(config, "config");
}
TEST(FuzzSeeds, OfScriptsForPsql) {
  run_over(psql, "psql");
}

}  // namespace
}  // namespace pgassay::fuzz
