#include "core/postgres/name_pattern.h"

#include <gtest/gtest.h>

namespace pgassay {
namespace {

TEST(NamePattern, WithoutADotIsOfTheNameInAnySchema) {
  EXPECT_TRUE(fits_pattern("orders", {"public", "orders"}));
  EXPECT_TRUE(fits_pattern("orders", {"old", "orders"}));
  EXPECT_FALSE(fits_pattern("orders", {"public", "orders_2"}));
  EXPECT_TRUE(fits_pattern("public.orders", {"public", "orders"}));
  EXPECT_FALSE(fits_pattern("public.orders", {"old", "orders"}));
}

TEST(NamePattern, AStarIsAnyTextAndAQuestionMarkOneCharacter) {
  EXPECT_TRUE(fits_pattern("public.*", {"public", ""}));
  EXPECT_TRUE(fits_pattern("*_log*", {"public", "a_log_lo_log"}));
  EXPECT_FALSE(fits_pattern("*_log", {"public", "a_log_lo"}));
  EXPECT_TRUE(fits_pattern("log_?", {"public", "log_é"}));
  EXPECT_FALSE(fits_pattern("log_?", {"public", "log_10"}));
}

TEST(NamePattern, EverythingElseStandsForItself) {
  EXPECT_TRUE(fits_pattern("a[1]\\", {"public", "a[1]\\"}));
  EXPECT_FALSE(fits_pattern("a[1]", {"public", "a1"}));
  EXPECT_FALSE(fits_pattern("Orders", {"public", "orders"}));
}

TEST(NamePattern, ThatFitsNothingIsTold) {
  const std::vector<std::string> texts = {"o*", "orders", "none"};
  NamePatterns patterns(texts);
  EXPECT_EQ(*patterns.fits({"public", "orders"}), "o*");
  EXPECT_EQ(patterns.fits({"public", "lines"}), nullptr);
  EXPECT_EQ(patterns.unused(), std::vector<std::string>{"none"});
}

}  // namespace
}  // namespace pgassay
