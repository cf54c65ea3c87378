#include "core/postgres/page_ranges.h"

#include <gtest/gtest.h>

#include <random>

namespace pgassay {
namespace {

constexpr std::uint64_t kMebibyte = 1 << 20;
constexpr int kVersion = 150000;

TableInfo of_size(std::uint64_t heap_bytes, std::uint64_t toast_bytes = 0) {
  TableInfo table;
  table.access_method = "heap";
  table.heap_bytes = heap_bytes;
  table.toast_bytes = toast_bytes;
  return table;
}

std::size_t ranges(const TableInfo& table, const Spread& spread, int version = kVersion) {
  return page_ranges(table, version, spread).size();
}

TEST(PageRanges, HoldEveryPageInExactlyOneWhateverTheSizes) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 2000; ++i) {
    const TableInfo table = of_size(random() % (4096 * kMebibyte), random() % (8192 * kMebibyte));
    const std::vector<PageRange> found =
        page_ranges(table, kVersion, {.workers = 1 + static_cast<unsigned>(random() % 9)});
    ASSERT_FALSE(found.empty());
    EXPECT_EQ(found.front().first, 0U);
    EXPECT_FALSE(found.back().end);
    for (std::size_t k = 0; k + 1 < found.size(); ++k) {
      ASSERT_TRUE(found[k].end);
      EXPECT_GT(*found[k].end, found[k].first);
      EXPECT_EQ(*found[k].end, found[k + 1].first);
    }
  }
}

TEST(PageRanges, AreSeveralOfATableThatWouldLeaveWorkersIdle) {
  EXPECT_EQ(ranges(of_size(1000 * kMebibyte), {.workers = 1, .all_bytes = 1000 * kMebibyte}), 1U);
  EXPECT_EQ(ranges(of_size(1000 * kMebibyte), {.workers = 2, .all_bytes = 1000 * kMebibyte}), 4U);
  // There is enough else to do for the other one.
  EXPECT_EQ(ranges(of_size(1000 * kMebibyte), {.workers = 2, .all_bytes = 9000 * kMebibyte}), 1U);
  // It is in the shared buffers as it is.
  EXPECT_EQ(ranges(of_size(1000 * kMebibyte),
                   {.workers = 2, .all_bytes = 9000 * kMebibyte, .shared_buffers = 4096 * kMebibyte}),
            4U);
}

TEST(PageRanges, AreOneOfASmallTable) {
  EXPECT_EQ(ranges(of_size(40 * kMebibyte), {.workers = 4, .all_bytes = 40 * kMebibyte}), 1U);
}

TEST(PageRanges, AreSeveralOfAHeapOfFewPagesWithMuchToast) {
  EXPECT_EQ(ranges(of_size(10 * 8192, 5000 * kMebibyte), {.workers = 2}), 4U);
}

TEST(PageRanges, AreOneWhereTheServerHasNoScansOfThem) {
  EXPECT_EQ(ranges(of_size(4096 * kMebibyte), {.workers = 4}, 130000), 1U);
  TableInfo columnar = of_size(4096 * kMebibyte);
  columnar.access_method = "columnar";
  EXPECT_EQ(ranges(columnar, {.workers = 4}), 1U);
}

}  // namespace
}  // namespace pgassay
