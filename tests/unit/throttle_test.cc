#include "backup/throttle.h"

#include <gtest/gtest.h>

#include <random>

namespace pgassay::backup {
namespace {

using Clock = Throttle::Clock;
using namespace std::chrono_literals;

/// Workers in turn, each of which goes on when it may: the time that all of it takes.
TEST(Throttle, LetsAGigabyteTakeAsLongAsItShouldOverAnyNumberOfWorkers) {
  for (const std::size_t workers : {1u, 2u, 7u}) {
    Throttle throttle(20'000'000);
    const Clock::time_point start = Clock::now();
    std::vector<Clock::time_point> free(workers, start);
    std::uint64_t bytes = 0;
    while (bytes < 1'000'000'000) {
      const auto next = std::ranges::min_element(free);
      *next += throttle.wait_after(65'536, *next);
      bytes += 65'536;
    }
    const std::chrono::duration<double> took = *std::ranges::max_element(free) - start;
    EXPECT_NEAR(took.count(), 50, 0.5) << workers;
  }
}

TEST(Throttle, DoesNotMakeUpForAPause) {
  Throttle throttle(1'000'000);
  const Clock::time_point start = Clock::now();
  throttle.wait_after(1'000'000, start);
  EXPECT_GE(throttle.wait_after(1'000'000, start + 1h), 800ms);
}

TEST(Throttle, WithoutARateWaitsForNothing) {
  Throttle throttle(0);
  throttle.passed(std::uint64_t{1} << 60, {});
}

}  // namespace
}  // namespace pgassay::backup
