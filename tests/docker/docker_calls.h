// docker from a test, as its own user would call it.
#pragma once

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "core/system/split.h"
#include "core/system/subprocess.h"

namespace pgassay::test {

using Words = std::vector<std::string>;

inline Completed call(const Words& argv) {
  return run({.argv = argv, .env = {}, .input = {}}, {});
}

inline std::string docker(Words arguments) {
  arguments.insert(arguments.begin(), "docker");
  const Completed done = call(arguments);
  if (!done.ok()) throw std::runtime_error(done.complaint());
  return done.out;
}

inline std::vector<std::string> lines_of(const std::string& text) {
  return split_nonempty(text, '\n');
}

inline void expect_words(const std::string& text, const Words& words) {
  for (const std::string& word : words)
    EXPECT_NE(text.find(word), std::string::npos) << word << " in " << text;
}

}  // namespace pgassay::test
