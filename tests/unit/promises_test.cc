#include <gtest/gtest.h>

#include <regex>

#include "core/system/files.h"

namespace pgassay {
namespace {

std::string all_tests() {
  std::string text;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(PGASSAY_SOURCE_DIR "/tests")) {
    if (entry.path().extension() == ".cc") text += read_file(entry.path());
  }
  return text;
}

TEST(Promises, NameTestsThatExist) {
  const std::string page = read_file(PGASSAY_SOURCE_DIR "/docs/promises.md"), tests = all_tests();
  const std::regex name("`(\\w+)\\.(\\w+|\\*)`");
  int named = 0;
  for (std::sregex_iterator match(page.begin(), page.end(), name), end; match != end; ++match) {
    const std::string suite = (*match)[1], test = (*match)[2];
    const std::string declared = test == "*" ? "(" + suite + ", " : "(" + suite + ", " + test + ")";
    EXPECT_NE(tests.find(declared), std::string::npos) << match->str();
    ++named;
  }
  EXPECT_GE(named, 10);
}

}  // namespace
}  // namespace pgassay
