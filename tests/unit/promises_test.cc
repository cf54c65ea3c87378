#include <gtest/gtest.h>

#include "core/system/files.h"

namespace pgassay {
namespace {

std::string all_tests() {
  std::string text;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(PGASSAY_SOURCE_DIR "/tests")) {
    const Path kind = entry.path().extension();
    if (kind == ".cc" || kind == ".h") text += read_file(entry.path());
  }
  return text;
}

TEST(Promises, NameTestsThatExist) {
  const std::string page = read_file(PGASSAY_SOURCE_DIR "/docs/promises.md"), tests = all_tests();
  int named = 0;
  for (std::size_t open = page.find('`'); open != std::string::npos;) {
    const std::size_t close = page.find('`', open + 1);
    const std::string quoted = page.substr(open + 1, close - open - 1);
    open = page.find('`', close + 1);
    const std::size_t dot = quoted.find('.');
    // Suite.Test or Suite.*, and not a file or a program.
    if (dot == std::string::npos || quoted.find('/') != std::string::npos) continue;
    const std::string suite = quoted.substr(0, dot), test = quoted.substr(dot + 1);
    EXPECT_NE(tests.find("(" + suite + ", " + (test == "*" ? "" : test + ")")), std::string::npos) << quoted;
    ++named;
  }
  EXPECT_GE(named, 10);
}

}  // namespace
}  // namespace pgassay
