#include "core/stream/row_digest.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "core/system/error.h"

namespace pgassay {
namespace {

RowDigest of(const std::vector<std::string>& rows) {
  RowDigest digest;
  for (const std::string& row : rows) digest.add(as_bytes(row));
  return digest;
}

std::string joined(const std::vector<std::string>& rows) {
  std::string text;
  for (const std::string& row : rows) text += row + "\n";
  return text;
}

/// Rows of lengths from nothing to some thousand bytes, so that every path of XXH3 is taken.
std::vector<std::string> random_rows(std::mt19937& random, std::size_t count) {
  std::vector<std::string> rows(count);
  for (std::string& row : rows) {
    row.resize(random() % (std::size_t{1} << (random() % 13)));
    for (char& byte : row) byte = static_cast<char>(random() % 2 ? 'a' + random() % 26 : 11 + random() % 245);
  }
  return rows;
}

TEST(RowDigest, OfOneRowIsItsXxh3) {
  // The test vector of xxHash for no bytes and seed 0.
  EXPECT_EQ(of({""}).hex(), "99aa06d3014798d86001c324468d497f");
  EXPECT_EQ(of({""}).rows, 1u);
}

TEST(RowDigest, OfNoRowsIsZero) {
  EXPECT_EQ(RowDigest().hex(), std::string(32, '0'));
}

TEST(RowDigest, IsASumModulo2To128) {
  EXPECT_EQ(of({"", ""}).hex(), "33540da6028f31b0c00386488d1a92fe");
}

TEST(RowDigest, DoesNotDependOnTheOrder) {
  std::mt19937 random(1);
  for (int round = 0; round < 50; ++round) {
    std::vector<std::string> rows = random_rows(random, 20);
    const RowDigest before = of(rows);
    std::shuffle(rows.begin(), rows.end(), random);
    EXPECT_EQ(of(rows), before);
  }
}

TEST(RowDigest, OfTheWholeIsTheMergeOfItsParts) {
  std::mt19937 random(2);
  const std::vector<std::string> rows = random_rows(random, 100);
  for (std::ptrdiff_t cut = 0; cut <= 100; ++cut) {
    RowDigest merged = of({rows.begin(), rows.begin() + cut});
    merged.merge(of({rows.begin() + cut, rows.end()}));
    EXPECT_EQ(merged, of(rows));
  }
}

TEST(RowDigest, SeesARowThatCameTwiceInThePlaceOfAnother) {
  EXPECT_NE(of({"a", "b"}), of({"a", "a"}));
}

TEST(RowDigest, SeesBytesThatMovedBetweenRows) {
  EXPECT_NE(of({"ab", "c"}), of({"a", "bc"}));
}

TEST(RowDigest, IsReadBackFromItsDigits) {
  const RowDigest digest = of({"a", "b", "c"});
  EXPECT_EQ(RowDigest::from(3, digest.hex()), digest);
  for (std::string text : {std::string(), std::string(31, '0'), std::string(33, '0'), std::string(32, 'A')}) {
    EXPECT_THROW(RowDigest::from(0, text), Error) << text;
  }
}

TEST(ChunkDigester, DoesNotDependOnTheCuts) {
  std::mt19937 random(3);
  for (int round = 0; round < 200; ++round) {
    const std::vector<std::string> rows = random_rows(random, random() % 30);
    const std::string text = joined(rows);
    const std::size_t longest = std::size_t{1} << (random() % 14);
    ChunkDigester digester;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t length = std::min(text.size() - at, random() % (longest + 1));
      digester.add(as_bytes(std::string_view(text).substr(at, length)));
      at += length;
    }
    EXPECT_EQ(digester.finish(), of(rows));
  }
}

TEST(ChunkDigester, TakesOneByteAtATime) {
  const std::vector<std::string> rows = {"", "one", "", std::string(1000, 'x'), "two"};
  const std::string text = joined(rows);
  ChunkDigester digester;
  for (char byte : text) digester.add(as_bytes({&byte, 1}));
  EXPECT_EQ(digester.finish(), of(rows));
}

TEST(ChunkDigester, RefusesALastRowWithoutItsLineFeed) {
  ChunkDigester digester;
  digester.add(as_bytes("one\ntwo"));
  EXPECT_EQ(digester.rows_so_far(), 1u);
  EXPECT_THROW(digester.finish(), Error);
}

}  // namespace
}  // namespace pgassay
