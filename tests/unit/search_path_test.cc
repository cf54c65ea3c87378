#include "restore/search_path.h"

#include <gtest/gtest.h>

#include "core/system/error.h"

namespace pgassay {
namespace {

TEST(SearchPath, IsAListOfNamesEachOfThemQuoted) {
  EXPECT_EQ(restore::search_path_sql(""), "");
  EXPECT_EQ(restore::search_path_sql("public"), "\"public\"");
  EXPECT_EQ(restore::search_path_sql(" Public, \"My, Schema\" ,\"a\"\"b\""),
            "\"public\", \"My, Schema\", \"a\"\"b\"");
  EXPECT_EQ(restore::search_path_sql("x; DROP TABLE t"), "\"x; drop table t\"");
}

TEST(SearchPath, WithAnEmptyNameOrAnOpenQuoteIsNone) {
  for (const char* list : {",", "a,", ",a", "a,,b", "\"a", "\"\"", "a, \"b"})
    EXPECT_THROW(restore::search_path_sql(list), UsageError) << list;
}

}  // namespace
}  // namespace pgassay
