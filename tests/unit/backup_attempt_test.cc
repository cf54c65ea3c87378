#include "backup/attempt.h"

#include <gtest/gtest.h>

namespace pgassay::backup {
namespace {

TEST(TooLongARow, IsSaidBySqlstateInAnyWords) {
  EXPECT_TRUE(is_too_long_a_row(ServerError("in any words", "", "54000")));
  EXPECT_FALSE(is_too_long_a_row(ServerError("cannot enlarge string buffer", "", "53200")));
}

TEST(TooLongARow, IsAnAllocationForWhichTheServerHasNoSqlstate) {
  EXPECT_TRUE(is_too_long_a_row(ServerError("invalid memory alloc request size 1073741824", "", "XX000")));
  EXPECT_FALSE(is_too_long_a_row(ServerError("could not find tuple", "", "XX000")));
}

}  // namespace
}  // namespace pgassay::backup
