#include "cli/basics/units.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "cli/render/text/tables.h"

namespace pgassay::cli {
namespace {

TEST(Units, BytesHaveOneDecimalFromAKibibyteOn) {
  EXPECT_EQ(format_bytes(0), "0 B");
  EXPECT_EQ(format_bytes(1023), "1023 B");
  EXPECT_EQ(format_bytes(1536), "1.5 KiB");
  EXPECT_EQ(format_bytes((1 << 20) - 1), "1.0 MiB");
  EXPECT_EQ(format_bytes(std::numeric_limits<std::uint64_t>::max()), "16.0 EiB");
}

TEST(Units, CountsHaveACommaEveryThreeDigits) {
  EXPECT_EQ(format_count(0), "0");
  EXPECT_EQ(format_count(999), "999");
  EXPECT_EQ(format_count(1000), "1,000");
  EXPECT_EQ(format_count(1234567890), "1,234,567,890");
  EXPECT_EQ(counted(1, "row"), "1 row");
  EXPECT_EQ(counted(2000, "row"), "2,000 rows");
}

TEST(Units, SecondsGrowIntoMinutesAndHours) {
  EXPECT_EQ(format_seconds(0.254), "0.25 s");
  EXPECT_EQ(format_seconds(12.34), "12.3 s");
  EXPECT_EQ(format_seconds(125), "2 min 05 s");
  EXPECT_EQ(format_seconds(3720), "1 h 02 min");
}

TEST(Units, BytesAreReadWithPostgresqlsUnits) {
  EXPECT_EQ(parse_bytes("512MB"), std::uint64_t{512} << 20);
  EXPECT_EQ(parse_bytes("2 GiB"), std::uint64_t{2} << 30);
  EXPECT_EQ(parse_bytes("64k"), 65536U);
  EXPECT_EQ(parse_bytes("1073741824"), std::uint64_t{1} << 30);
  for (const char* none : {"", "0", "GB", "-1GB", "1.5GB", "2GBs", "99999999999TB", "2PB"})
    EXPECT_FALSE(parse_bytes(none)) << none;
}

TEST(Units, AnAgeIsOneNumber) {
  EXPECT_EQ(format_age(59.9), "59 s");
  EXPECT_EQ(format_age(3 * 3600), "3 h");
  EXPECT_EQ(format_age(12 * 86400 + 5), "12 days");
  EXPECT_EQ(format_age(-1), "in the future");
}

TEST(Units, ADurationIsANumberAndAUnit) {
  EXPECT_EQ(parse_duration("0"), Seconds(0));
  EXPECT_EQ(parse_duration("90s"), Seconds(90));
  EXPECT_EQ(parse_duration("30m"), Seconds(1800));
  EXPECT_EQ(parse_duration("1.5h"), Seconds(5400));
  EXPECT_EQ(parse_duration("7d"), Seconds(604800));
  EXPECT_EQ(parse_duration("2w"), Seconds(1209600));
  for (const char* wrong : {"", "7", "d", "-1d", "7 d", "7days", "1e3s", "infd", "nand", "0x7d"}) {
    EXPECT_EQ(parse_duration(wrong), std::nullopt) << wrong;
  }
}

TEST(Units, OnlyANearWordIsSuggested) {
  const std::vector<std::string> known = {"retention", "repository", "jobs"};
  EXPECT_EQ(did_you_mean("retension", known), "; did you mean 'retention'?");
  EXPECT_EQ(did_you_mean("job", known), "; did you mean 'jobs'?");
  EXPECT_EQ(did_you_mean("colour", known), "");
}

TEST(TextTable, ColumnsAreAlignedByCharactersNotBytes) {
  TextTable table({{"NAME"}, {"SIZE", Align::right}, {"NOTE"}});
  table.row({"caf\u00e9", "1", ""});
  table.row({"a", "1,000", "x"});
  EXPECT_EQ(table.text(),
            "NAME   SIZE  NOTE\n"
            "caf\u00e9      1\n"
            "a     1,000  x\n");
}

TEST(TextTable, ANameWithALineFeedStaysOnOneLine) {
  TextTable table({{""}, {""}});
  table.row({"a\nb", "c"});
  EXPECT_EQ(table.text(2), "  a\\x0ab  c\n");
}

}  // namespace
}  // namespace pgassay::cli
