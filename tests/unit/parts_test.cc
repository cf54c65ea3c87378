// A stream of rows that is cut into parts.
#include "core/stream/parts.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <random>
#include <set>
#include <vector>

#include "tests/fixtures/binary_stream.h"
#include "tests/fixtures/temporary_dir.h"

namespace pgassay {
namespace {

constexpr std::uint64_t kMean = 4096;
constexpr RowCuts kSmall{kMean};
using Rows = std::vector<std::string>;

std::string stream_of(const Rows& rows) {
  std::string text;
  for (const std::string& row : rows) text += row + "\n";
  return text;
}

/// Rows of all lengths, as a table of text has them.
Rows random_rows(std::mt19937& random, std::size_t count) {
  Rows rows(count);
  for (std::string& row : rows) {
    row = std::to_string(random()) + "\t" + std::to_string(random());
    row.resize(row.size() + random() % 100, 'x');
  }
  return rows;
}

/// Its parts, in chunks that are cut anywhere.
Rows parts_of(const std::string& text, std::mt19937& random, RowFormat format = RowFormat::text) {
  Rows parts(1);
  ChunkDigester digester(format);
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = std::min<std::size_t>(1 + random() % 700, text.size() - at);
    const std::size_t taken =
        digester.add_to_cut(as_bytes(std::string_view(text).substr(at, length)), kSmall);
    parts.back() += text.substr(at, taken);
    at += taken;
    if (!digester.at_cut()) continue;
    parts.emplace_back();
    digester.finish();
  }
  if (parts.back().empty()) parts.pop_back();
  return parts;
}

std::size_t files_in(const Path& dir) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(dir), {}));
}

std::size_t new_parts(const Rows& before, const Rows& after) {
  const std::set<std::string> known(before.begin(), before.end());
  return static_cast<std::size_t>(
      std::ranges::count_if(after, [&](const std::string& part) { return !known.contains(part); }));
}

TEST(RowCuts, PutTogetherAreTheStreamAndOfSizesWithinTheirBounds) {
  std::mt19937 random(1);
  std::size_t parts = 0, bytes = 0;
  for (int round = 0; round < 300; ++round) {
    const std::string text = stream_of(random_rows(random, random() % 1000));
    const Rows found = parts_of(text, random);
    std::string together;
    for (std::size_t i = 0; i < found.size(); ++i) {
      together += found[i];
      EXPECT_LT(found[i].size(), 2 * kMean + 200) << "but for the row that passed it";
      if (i + 1 < found.size()) {
        EXPECT_GE(found[i].size(), kMean / 8);
      }
    }
    ASSERT_EQ(together, text);
    parts += found.size();
    bytes += text.size();
  }
  EXPECT_NEAR(static_cast<double>(bytes) / static_cast<double>(parts), kMean * 0.8, kMean * 0.1);
}

TEST(RowCuts, DoNotDependOnHowTheStreamComes) {
  std::mt19937 random(2);
  const std::string text = stream_of(random_rows(random, 3000));
  const Rows once = parts_of(text, random);
  for (int round = 0; round < 50; ++round) ASSERT_EQ(parts_of(text, random), once);
}

TEST(RowCuts, AreTheSameAfterAnyPrefixOnceOneWasMet) {
  std::mt19937 random(3);
  for (int round = 0; round < 300; ++round) {
    const Rows rows = random_rows(random, 1000);
    const Rows whole = parts_of(stream_of(rows), random);
    const Rows moved = parts_of(stream_of(random_rows(random, random() % 500)) + stream_of(rows), random);
    const std::set<std::string> here(whole.begin(), whole.end());
    const auto met =
        std::ranges::find_if(moved, [&](const std::string& part) { return here.contains(part); });
    ASSERT_NE(met, moved.end());
    const auto from = std::ranges::find(whole, *met);
    EXPECT_TRUE(std::equal(from, whole.end(), met, moved.end()));
  }
}

TEST(RowCuts, OfAStreamInWhichARowCameWentOrChangedAreFoundAgain) {
  std::mt19937 random(4);
  std::size_t touched_more = 0, touched_many = 0;
  constexpr std::size_t kRounds = 1000;
  for (std::size_t round = 0; round < kRounds; ++round) {
    Rows rows = random_rows(random, 1000);
    const Rows before = parts_of(stream_of(rows), random);
    const auto at = rows.begin() + static_cast<std::ptrdiff_t>(random() % rows.size());
    if (round % 3 == 0)
      rows.insert(at, "one more");
    else if (round % 3 == 1)
      rows.erase(at);
    else
      *at += " changed";
    const std::size_t touched = new_parts(before, parts_of(stream_of(rows), random));
    touched_more += touched > 2;
    touched_many += touched > 4;
  }
  EXPECT_LE(touched_more, kRounds / 20);
  EXPECT_LE(touched_many, kRounds / 500);
}

/// The sum of chances is of bytes, not of rows: few long rows give as many cuts as many short ones.
TEST(RowCuts, GiveLongAndShortRowsPartsOfTheSameSize) {
  std::mt19937 random(5);
  for (const std::size_t length : {1u, 30u, 1000u}) {
    Rows rows(600'000 / (length + 9));
    for (std::string& row : rows) (row = std::to_string(random() % 100'000'000)).resize(8 + length, 'y');
    const std::string text = stream_of(rows);
    EXPECT_NEAR(static_cast<double>(text.size() / parts_of(text, random).size()), 0.8 * kMean, kMean * 0.2)
        << length;
  }
}

/// docs/repository-format.md, "Parts".
TEST(RowCuts, OfTablesAreThoseOfTheFormat) {
  constexpr std::uint64_t kLeast = 1 << 20, kTurn = 1 << 23, kMost = 1 << 24, kNever = ~std::uint64_t{0};
  constexpr std::uint64_t kChance = kNever / kTurn;
  EXPECT_FALSE(kCutsOfTables.end_after(kLeast - 1, 100, 0));
  EXPECT_TRUE(kCutsOfTables.end_after(kLeast, 100, 100 * kChance - 1));
  EXPECT_FALSE(kCutsOfTables.end_after(kTurn - 1, 100, 100 * kChance));
  EXPECT_TRUE(kCutsOfTables.end_after(kTurn, 100, 400 * kChance - 1));
  EXPECT_FALSE(kCutsOfTables.end_after(kMost - 1, 100, 400 * kChance));
  EXPECT_TRUE(kCutsOfTables.end_after(kMost, 100, kNever));
  EXPECT_TRUE(kCutsOfTables.end_after(kTurn - 1, kTurn, kNever)) << "a row that is a part by itself";
}

struct PartsOfAStream : testing::Test {
  test::TemporaryDir temporary;
  Place dir{temporary.path()};
  PartEncoder encoder{1};
  std::vector<Part> parts;

  PartsWriter writer(RowFormat format = RowFormat::text) {
    return PartsWriter(
        encoder, dir, format, kSmall, [this] { return "part" + std::to_string(parts.size()); },
        [this](Part part) { parts.push_back(std::move(part)); });
  }
  struct Kept : ChunkSink {
    std::string text;
    void chunk(Bytes bytes) override { text += as_text(bytes); }
  };
  std::string read(const Part& part) {
    Kept kept;
    read_part(dir, part.file, kept, part.raw, part.format);
    return kept.text;
  }
};

TEST_F(PartsOfAStream, AreFilesOfTheirOwn) {
  std::mt19937 random(6);
  const std::string text = stream_of(random_rows(random, 1000));
  PartsWriter stream = writer();
  for (std::size_t at = 0; at < text.size(); at += 1000) stream.chunk(as_bytes(text.substr(at, 1000)));
  stream.finish();
  EXPECT_EQ(stream.rows(), 1000U);
  EXPECT_EQ(stream.raw_bytes(), text.size());
  ASSERT_GT(parts.size(), 5U);
  std::string together;
  std::uint64_t rows = 0;
  for (const Part& part : parts) together += read(part), rows += part.digest.rows;
  EXPECT_EQ(together, text);
  EXPECT_EQ(rows, 1000U);
}

TEST_F(PartsOfAStream, OfBinaryRowsCanEachBeGivenToACopy) {
  std::mt19937 random(7);
  Rows tuples;
  for (int i = 0; i < 500; ++i)
    tuples.push_back(test::binary_tuple({std::to_string(random()), std::nullopt}));
  const std::string text = test::binary_stream(tuples);
  PartsWriter stream = writer(RowFormat::binary);
  for (std::size_t at = 0; at < text.size(); at += 7) stream.chunk(as_bytes(text.substr(at, 7)));
  stream.finish();
  ASSERT_GT(parts.size(), 2U);
  std::string together;
  for (const Part& part : parts) {
    const std::string one = read(part);
    ASSERT_TRUE(one.starts_with(kBinaryHeader) && one.ends_with(kBinaryTrailer));
    together += one.substr(kBinaryHeader.size(), one.size() - kBinaryHeader.size() - kBinaryTrailer.size());
  }
  EXPECT_EQ(std::string(kBinaryHeader) + together + std::string(kBinaryTrailer), text);
}

TEST_F(PartsOfAStream, OfNoRowsIsOneOfNone) {
  for (const RowFormat format : {RowFormat::text, RowFormat::binary}) {
    parts.clear();
    PartsWriter stream = writer(format);
    if (format == RowFormat::binary) stream.chunk(as_bytes(test::binary_stream({})));
    stream.finish();
    ASSERT_EQ(parts.size(), 1U);
    EXPECT_EQ(parts[0].digest.rows, 0U);
    remove_tree(dir / "part0");
  }
}

/// A row that is longer than a part ends it.
TEST_F(PartsOfAStream, HasNoEmptyPartAfterACutAtItsEnd) {
  for (const RowFormat format : {RowFormat::text, RowFormat::binary}) {
    parts.clear();
    PartsWriter stream = writer(format);
    const std::string row = format == RowFormat::text ? std::string(2 * kMean, 'x') + "\n"
                                                      : test::binary_tuple({std::string(2 * kMean, 'x')});
    stream.chunk(as_bytes(format == RowFormat::text ? row + row : test::binary_stream({row, row})));
    stream.finish();
    EXPECT_EQ(parts.size(), 2U);
    EXPECT_EQ(files_in(temporary.path()), 2U);
    remove_tree(dir / "part0");
    remove_tree(dir / "part1");
  }
}

TEST_F(PartsOfAStream, ThatBreaksOffLeavesNoPartThatIsBegun) {
  PartsWriter stream = writer();
  stream.chunk(as_bytes("half a row"));
  stream.drop();
  EXPECT_EQ(files_in(temporary.path()), 0U);
  EXPECT_TRUE(parts.empty());
}

}  // namespace
}  // namespace pgassay
