#include "core/stream/generated_rows.h"

#include <gtest/gtest.h>

#include "core/system/error.h"
#include "tests/fixtures/binary_stream.h"

namespace pgassay {
namespace {

struct KeptRows : ChunkSink {
  std::string text;
  void chunk(Bytes bytes) override { text += as_text(bytes); }
};

struct Cut {
  std::string rows;
  GeneratedDigest digest;
};

Cut cut(std::string_view text, std::size_t stored, std::size_t generated, std::size_t step,
        RowFormat format = RowFormat::text) {
  KeptRows kept;
  GeneratedCutter cutter(kept, stored, generated, format);
  for (; !text.empty(); text.remove_prefix(std::min(step, text.size())))
    cutter.chunk(as_bytes(text.substr(0, step)));
  GeneratedDigest digest = cutter.finish();
  return {kept.text, digest};
}

TEST(GeneratedRows, AreCutFromTextWhereverChunksEnd) {
  const std::string text = "1\ta\\tb\t2\t\\N\n\\N\t\t3\tx\n";
  const Cut whole = cut(text, 2, 2, text.size());
  EXPECT_EQ(whole.rows, "1\ta\\tb\n\\N\t\n");
  EXPECT_EQ(whole.digest.line.rows, 2U);
  EXPECT_EQ(whole.digest.columns[0].nulls, 0U);
  EXPECT_EQ(whole.digest.columns[1].nulls, 1U);
  for (std::size_t step = 1; step < text.size(); ++step) {
    const Cut pieces = cut(text, 2, 2, step);
    EXPECT_EQ(pieces.rows, whole.rows) << step;
    EXPECT_EQ(pieces.digest, whole.digest) << step;
  }
}

TEST(GeneratedRows, OfATableThatHasNothingElseAreEmptyLines) {
  const Cut cut_rows = cut("1\t2\n3\t4\n", 0, 2, 3);
  EXPECT_EQ(cut_rows.rows, "\n\n");
  EXPECT_EQ(cut_rows.digest.line.rows, 2U);
}

TEST(GeneratedRows, AreCutFromBinaryRowsAsCopyWouldWriteThem) {
  const std::string full = test::binary_stream({test::binary_tuple({"one", std::nullopt, "gen"}),
                                                test::binary_tuple({"", "b", std::nullopt})}),
                    wanted = test::binary_stream(
                        {test::binary_tuple({"one", std::nullopt}), test::binary_tuple({"", "b"})});
  for (std::size_t step = 1; step <= full.size(); ++step) {
    const Cut pieces = cut(full, 2, 1, step, RowFormat::binary);
    EXPECT_EQ(pieces.rows, wanted) << step;
    EXPECT_EQ(pieces.digest.columns[0].nulls, 1U);
    EXPECT_EQ(pieces.digest.line.rows, 2U);
  }
}

TEST(GeneratedRows, HaveDigestsThatAddUpInAnyOrder) {
  GeneratedDigest ab = cut("1\tx\n", 1, 1, 9).digest, ba = cut("2\ty\n", 1, 1, 9).digest;
  const GeneratedDigest second = ba;
  ba.merge(ab);
  ab.merge(second);
  EXPECT_EQ(ab, ba);
  EXPECT_EQ(ab, cut("2\ty\n1\tx\n", 1, 1, 9).digest);
}

TEST(GeneratedRows, TellValuesThatChangedTheirRows) {
  const GeneratedDigest one = cut("1\tx\n2\ty\n", 1, 1, 9).digest,
                        other = cut("1\ty\n2\tx\n", 1, 1, 9).digest;
  EXPECT_EQ(one.columns, other.columns);
  EXPECT_NE(one.line, other.line);
}

TEST(GeneratedRows, OfAnotherNumberOfFieldsAreRefused) {
  EXPECT_THROW(cut("1\n", 1, 1, 9), Error);
  EXPECT_THROW(cut("1\t2\t3\n", 0, 2, 9), Error);
  EXPECT_THROW(cut("1\t2", 1, 1, 9), Error);
  EXPECT_THROW(cut(test::binary_stream({test::binary_tuple({"one"})}), 1, 1, 64, RowFormat::binary), Error);
}

}  // namespace
}  // namespace pgassay
