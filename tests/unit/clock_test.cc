#include "core/system/clock.h"

#include <gtest/gtest.h>

#include "core/system/error.h"

namespace pgassay {
namespace {

using std::chrono::microseconds;

TEST(Clock, WritesATimeAsRfc3339InUtc) {
  EXPECT_EQ(to_rfc3339(Time(microseconds(1'795'399'200'123'456))), "2026-11-23T02:00:00.123456Z");
}

TEST(Clock, LeavesTheFractionOutOfAWholeSecond) {
  EXPECT_EQ(to_rfc3339(Time(microseconds(1'795'399'200'000'000))), "2026-11-23T02:00:00Z");
}

TEST(Clock, MeasuresFromAMomentThatOutlivesAProcessButNotABoot) {
  const std::string moment = boot_moment();
  const std::optional<double> passed = seconds_since(moment);
  ASSERT_TRUE(passed);
  EXPECT_GE(*passed, 0);
  EXPECT_FALSE(seconds_since("another-boot" + moment.substr(moment.find(' '))));
  EXPECT_FALSE(seconds_since(""));
}

TEST(Clock, ReadsBackWhatItWrote) {
  for (long long value :
       {0LL, 1LL, 999'999LL, 951'782'399'999'999LL, 951'782'400'000'000LL, 4'102'444'799'000'001LL}) {
    Time time{microseconds(value)};
    EXPECT_EQ(parse_rfc3339(to_rfc3339(time)), time) << to_rfc3339(time);
  }
}

TEST(Clock, ReadsAnOffsetOfZeroAsUtc) {
  EXPECT_EQ(parse_rfc3339("2026-11-23T02:00:00+00:00"), parse_rfc3339("2026-11-23T02:00:00Z"));
}

TEST(Clock, ReadsAShortFraction) {
  EXPECT_EQ(parse_rfc3339("1970-01-01T00:00:00.5Z"), Time(microseconds(500'000)));
}

TEST(Clock, RefusesWhatIsNoTimeInUtc) {
  for (const char* text :
       {"", "2026-11-23", "2026-11-23T02:00:00", "2026-11-23T02:00:00+01:00", "2026-11-23 02:00:00Z",
        "2026-13-01T00:00:00Z", "2026-02-29T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z",
        "2026-01-01T00:00:60Z", "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00Zx", "+026-01-01T00:00:00Z"}) {
    EXPECT_THROW(parse_rfc3339(text), Error) << text;
  }
}

TEST(Clock, MakesAStampOfTheSecond) {
  EXPECT_EQ(to_stamp(parse_rfc3339("2026-11-23T02:00:00.999999Z")), "20261123T020000Z");
}

}  // namespace
}  // namespace pgassay
