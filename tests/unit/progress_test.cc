#include "cli/basics/progress.h"

#include <gtest/gtest.h>

namespace pgassay::cli {
namespace {

ProgressState half_way() {
  ProgressState state;
  state.phase = "data";
  state.seconds = 12;
  state.moving_seconds = 10;
  state.parts = 8;
  state.parts_done = 3;
  state.raw_total = 200 << 20;
  state.raw = 100 << 20;
  state.rows = 1234567;
  state.workers = {"public.orders", "", "public.lines"};
  return state;
}

TEST(ProgressBars, ShowBytesRowsRateTimeLeftAndTheTableOfEachBusyWorker) {
  const std::vector<std::string> expected = {"data [##########----------]  50%  0:10 left",
                                             "  100.0 MiB of 200.0 MiB, 1,234,567 rows, 10.0 MiB/s",
                                             "  1  public.orders", "  3  public.lines"};
  EXPECT_EQ(bar_lines(half_way(), 200, false), expected);
}

TEST(ProgressTotal, IsThePlansUntilAPartIsDone) {
  EXPECT_EQ(expected_total(half_way()), 200u << 20);
}

TEST(ProgressTotal, LearnsFromTablesThatHoldMuchFreeSpace) {
  ProgressState state = half_way();
  state.raw = 10 << 20;  // 100 MiB of pages were 8 MiB of rows; 2 MiB of another part are there
  state.settled_planned = 100 << 20;
  state.settled_raw = 8 << 20;
  EXPECT_NEAR(static_cast<double>(expected_total(state)) / (1 << 20), 10 * 200.0 / 102, 0.01);
  state.raw = state.settled_raw = 16 << 20;
  state.settled_planned = 200 << 20;
  EXPECT_EQ(expected_total(state), 16u << 20) << "at the end it is what there was";
}

TEST(ProgressTotal, LearnsFromRowsThatAreLargerThanTheirPages) {
  ProgressState state = half_way();
  state.raw = state.settled_raw = 300 << 20;
  state.settled_planned = 100 << 20;
  EXPECT_EQ(expected_total(state), 600u << 20);
}

TEST(ProgressBars, AreNeverWiderThanTheTerminal) {
  ProgressState state = half_way();
  state.workers = {std::string(100, 'x'), "caf\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9"};
  const std::vector<std::string> lines = bar_lines(state, 10, false);
  EXPECT_EQ(lines[2], "  1  xxxxx");
  EXPECT_EQ(lines[3], "  2  caf\u00e9\u00e9");
}

TEST(ProgressBars, HaveColourOnlyWhenAsked) {
  EXPECT_EQ(bar_lines(half_way(), 200, false)[0].find('\x1b'), std::string::npos);
  EXPECT_TRUE(bar_lines(half_way(), 200, true)[0].starts_with("\x1b[1mdata\x1b[0m ["));
}

TEST(ProgressBars, ATablesNameIsNoEscapeSequence) {
  ProgressState state = half_way();
  state.workers = {"a\x1b[2J"};
  EXPECT_EQ(bar_lines(state, 200, false)[2], "  1  a\\x1b[2J");
}

TEST(ProgressBars, AnEstimateThatWasTooLowStopsAtAHundredPercent) {
  ProgressState state = half_way();
  state.raw = 300 << 20;
  const std::vector<std::string> lines = bar_lines(state, 200, false);
  EXPECT_TRUE(lines[0].starts_with("data [####################] 100%"));
  EXPECT_EQ(lines[1], "  300.0 MiB, 1,234,567 rows, 30.0 MiB/s");
}

TEST(ProgressLine, SaysTheSameWithoutATerminal) {
  EXPECT_EQ(progress_line(half_way()),
            "0:12 data: 50%, 100.0 MiB of 200.0 MiB, 1,234,567 rows, 10.0 MiB/s, 0:10 left, 3 of 8 parts");
}

TEST(ProgressLine, APhaseWithoutAPlanIsItsName) {
  ProgressState state;
  state.phase = "preflight";
  state.seconds = 3700;
  EXPECT_EQ(progress_line(state), "1:01:40 preflight");
}

}  // namespace
}  // namespace pgassay::cli
