#include "core/repository/layout.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

#include "core/system/utf8.h"

namespace pgassay {
namespace {

TEST(Layout, LeavesPlainNamesAsTheyAre) {
  EXPECT_EQ(encode_name("Orders_2026-old"), "Orders_2026-old");
}

TEST(Layout, EscapesWhatSomeFileSystemTakesOtherwise) {
  EXPECT_EQ(encode_name("orders Größe"), "orders%20Gr%C3%B6%C3%9Fe");
  EXPECT_EQ(encode_name("a:b?c*d|e\"f<g>"), "a%3Ab%3Fc%2Ad%7Ce%22f%3Cg%3E");
  EXPECT_EQ(encode_name("ends."), "ends%2E");
}

TEST(Layout, NamesNoDevice) {
  EXPECT_EQ(encode_name("con"), "%63on");
  EXPECT_EQ(encode_name("LPT1"), "%4CPT1");
  EXPECT_EQ(encode_name("console"), "console");
  EXPECT_EQ(decode_name(encode_name("nul")), "nul");
  EXPECT_EQ(part_file({"aux", "t"}, 0), "data/%61ux.t.0000.copy.zst");
}

TEST(Layout, EscapesWhatWouldLeadElsewhereOrCannotBeRead) {
  EXPECT_EQ(encode_name("../a.b\\c%d~\n\x7f"), "%2E%2E%2Fa%2Eb%5Cc%25d%7E%0A%7F");
  EXPECT_EQ(encode_name("caf\xe9"), "caf%E9");
  EXPECT_EQ(encode_name("\xed\xa0\x80"), "%ED%A0%80");
}

TEST(Layout, AnyNameOfAnyBytesComesBackAsItWas) {
  std::mt19937 random(1);
  for (int i = 0; i < 5000; ++i) {
    std::string name(random() % 64, ' ');
    for (char& c : name) c = static_cast<char>(random() % 255 + 1);
    const std::string encoded = encode_name(name);
    ASSERT_EQ(decode_name(encoded), name);
    ASSERT_TRUE(is_utf8(encoded));
    ASSERT_EQ(encoded.find_first_of("/.\\\n"), std::string::npos);
  }
}

TEST(Layout, ALongNameIsCutBetweenCharactersAndKeepsApartFromItsNeighbour) {
  std::string name;
  while (name.size() < 300) name += "é/";
  const std::string one = encode_name(name), other = encode_name(name + "x");
  EXPECT_LE(one.size(), 200u);
  EXPECT_TRUE(is_utf8(one));
  EXPECT_NE(one, other);
  EXPECT_EQ(one.substr(one.size() - 17, 1), "~");
  const std::string kept = one.substr(0, one.size() - 17);
  EXPECT_EQ(kept.rfind('%'), kept.size() - 3) << kept;
}

TEST(Layout, APartsFileNamesSchemaTableAndNumber) {
  EXPECT_EQ(part_file({"public", "orders"}, 3), "data/public.orders.0003.copy.zst");
  EXPECT_EQ(part_file({"public", "orders"}, 3, RowFormat::binary), "data/public.orders.0003.bin.zst");
  EXPECT_EQ(part_file({"a.b", "c"}, 0), "data/a%2Eb.c.0000.copy.zst");
  EXPECT_NE(part_file({"a.b", "c"}, 0), part_file({"a", "b.c"}, 0));
  EXPECT_EQ(large_object_file(12), "largeobjects/0012.copy.zst");
}

TEST(Layout, APartsFileFitsAFileSystemWhateverTheNames) {
  const std::string longest(63, '/');
  const std::string file = part_file({longest, longest}, 123456);
  EXPECT_LE(file.size() - file.find('/') - 1, 255u);
  EXPECT_NE(file, part_file({longest, longest.substr(1)}, 123456));
}

TEST(Layout, KnowsAStampByItsShape) {
  for (const char* good : {"20261123T020000Z", "20261123T020000Z-2", "20261123T020000Z-10"})
    EXPECT_TRUE(is_stamp(good));
  for (const char* bad :
       {"", "20261123", "20261123T020000", "20261123T020000Z-", "20261123T020000Z-1", "20261123T020000Z-02",
        "20261123T020000Z.old", "2026112xT020000Z", "20261123T020000Z-2a"}) {
    EXPECT_FALSE(is_stamp(bad)) << bad;
  }
}

TEST(Layout, TheTenthOfASecondComesAfterTheNinth) {
  EXPECT_LT(stamp_order("20261123T020000Z"), stamp_order("20261123T020000Z-2"));
  EXPECT_LT(stamp_order("20261123T020000Z-9"), stamp_order("20261123T020000Z-10"));
  EXPECT_LT(stamp_order("20261123T020000Z-10"), stamp_order("20261123T020001Z"));
}

TEST(Layout, ASafeFileStaysBelowItsDirectory) {
  for (const char* good : {"schema.pgdump", "data/public.t.0000.copy.zst", "a/..b"})
    EXPECT_TRUE(is_safe_file(good));
  for (const char* bad :
       {"", "/etc/passwd", "../x", "data/../../x", "data//x", "./x", "data/", "a\nb", "a\\b"}) {
    EXPECT_FALSE(is_safe_file(bad)) << bad;
  }
}

}  // namespace
}  // namespace pgassay
