// Two types of one name in one program are undefined behaviour that no compiler or linker tells of: the
// destructor of one is called for the other.
#include <gtest/gtest.h>

#include <map>
#include <regex>

#include "core/system/files.h"
#include "core/system/split.h"

namespace pgassay {
namespace {

/// Each room's names are its own: pgassay::drill.
TEST(TypeNames, OfHeadersAreTakenOnceInTheirNamespace) {
  const Path root = PGASSAY_SOURCE_DIR;
  const std::regex definition("(?:struct|class|enum|enum class) (\\w+)(?: final)?(?: :.*)? \\{.*");
  std::map<std::string, std::string> taken;
  const std::regex opening("namespace (pgassay[:a-z]*) \\{");
  for (const char* folder : {"core", "source", "backup", "proof", "restore", "export", "verify", "drill",
                             "retention", "nightly", "stack", "cli"}) {
    for (const std::string& name : list_files(root / folder)) {
      if (!name.ends_with(".h")) continue;
      std::string space;
      for (const std::string& line : split(read_file(root / folder / name), '\n')) {
        std::smatch match;
        if (std::regex_match(line, match, opening)) space = match[1];
        if (!std::regex_match(line, match, definition)) continue;
        const std::string file = std::string(folder) + "/" + name;
        const auto [first, fresh] = taken.emplace(space + "::" + match[1].str(), file);
        EXPECT_TRUE(fresh) << match[1] << " is in " << first->second << " and in " << file;
      }
    }
  }
  EXPECT_GT(taken.size(), 200u);
}

}  // namespace
}  // namespace pgassay
