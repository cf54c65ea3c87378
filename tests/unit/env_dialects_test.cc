#include "stack/model/env_dialects.h"

#include <gtest/gtest.h>

#include "stack/model/env_file.h"
#include "tests/fixtures/env_values.h"

namespace pgassay::test {
namespace {

bool are_the_same(const EnvValue& value) {
  return value.by_v1 != nullptr && value.by_v2 != nullptr && std::string_view(value.by_v1) == value.by_v2;
}

TEST(EnvDialects, AreKnownOfEveryValueThatTheVersionsReadDifferently) {
  for (const EnvValue& value : kEnvValues) {
    const auto readings = stack::read_differently(value.raw);
    EXPECT_EQ(!readings, are_the_same(value)) << value.raw;
    if (!readings) continue;
    EXPECT_FALSE(readings->by_v1.empty() || readings->by_v2.empty() || readings->hint.empty()) << value.raw;
    if (value.by_v1 == nullptr) {
      EXPECT_TRUE(readings->breaks) << value.raw;
    }
  }
}

TEST(EnvDialects, KnowWhat1_29CutsWithoutAWord) {
  const auto cut = [](const char* raw) {
    return stack::cut_by_v1(raw, [](const std::string& name) { return name == "Z"; });
  };
  EXPECT_EQ(cut("ab${cd3f}x"), "cd3f");
  EXPECT_EQ(cut("'ab${Z}${cd3f}x'"), "cd3f");
  for (const char* raw : {"ab$cd3f", "${Z}", "${X:-d}", "${X:?e}", "a${"}) EXPECT_EQ(cut(raw), "") << raw;
}

TEST(EnvDialects, GoByTheWholeOfAValueThatHasSeveralLines) {
  const stack::EnvFile file = stack::EnvFile::parse("A='x\n${Y}' # c\nB=\"a\"b  \nC= c # d\nD='it\\'s'\n");
  EXPECT_EQ(file.find("A")->raw, "'x\n${Y}' # c");
  EXPECT_TRUE(stack::read_differently(file.find("A")->raw));
  EXPECT_EQ(file.find("B")->raw, "\"a\"b");
  EXPECT_EQ(file.find("C")->raw, "c # d");
  EXPECT_EQ(file.find("D")->value, "it's");
}

}  // namespace
}  // namespace pgassay::test
