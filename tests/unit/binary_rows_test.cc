#include "core/stream/binary_rows.h"

#include <gtest/gtest.h>

#include "core/stream/row_counter.h"
#include "core/stream/row_digest.h"
#include "core/system/error.h"
#include "tests/fixtures/binary_stream.h"

namespace pgassay {
namespace {

using test::big_endian, test::binary_stream, test::binary_tuple;

/// NULL, nothing, no fields at all, a length whose bytes are those of the trailer.
std::vector<std::string> tuples() {
  return {binary_tuple({"one", std::nullopt, ""}), binary_tuple({}), binary_tuple({std::nullopt}),
          binary_tuple({std::string(300, '\xff'), "\n"}), binary_tuple({"last"})};
}

RowDigest digest_of_tuples() {
  RowDigest digest;
  for (const std::string& tuple : tuples()) digest.add(as_bytes(tuple));
  return digest;
}

const std::string kSignature(kBinaryHeader.substr(0, 11));

/// With a flag that says nothing critical, and an extension.
std::string with_extension() {
  std::string text = kSignature + big_endian(0x8001, 4) + big_endian(5, 4) + "extra";
  for (const std::string& tuple : tuples()) text += tuple;
  return text + std::string(kBinaryTrailer);
}

RowDigest digest_in(const std::string& text, std::size_t chunk) {
  ChunkDigester digester(RowFormat::binary);
  RowCounter counter(RowFormat::binary);
  std::uint64_t rows = 0;
  for (std::size_t at = 0; at < text.size(); at += chunk) {
    const Bytes bytes = as_bytes(std::string_view(text).substr(at, chunk));
    digester.add(bytes);
    rows += counter.count(bytes);
  }
  EXPECT_EQ(rows, digester.rows_so_far());
  return digester.finish();
}

std::string damage_in(const std::string& text) {
  std::string first = "none";
  for (const std::size_t chunk : {text.size(), std::size_t{1}}) {
    try {
      digest_in(text, chunk);
    } catch (const Error& error) {
      EXPECT_TRUE(first == "none" || first == error.what()) << first << " / " << error.what();
      first = error.what();
    }
  }
  return first;
}

TEST(BinaryRows, AreFoundWhereverTheChunksAreCut) {
  for (const std::string& text : {binary_stream(tuples()), with_extension()}) {
    for (std::size_t chunk = 1; chunk <= text.size(); ++chunk)
      ASSERT_EQ(digest_in(text, chunk), digest_of_tuples()) << chunk;
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
      ChunkDigester digester(RowFormat::binary);
      digester.add(as_bytes(std::string_view(text).substr(0, cut)));
      digester.add(as_bytes(std::string_view(text).substr(cut)));
      ASSERT_EQ(digester.finish(), digest_of_tuples()) << cut;
    }
  }
}

TEST(BinaryRows, OfNoRowsAreHeaderAndTrailer) {
  EXPECT_EQ(binary_stream({}).size(), 21u);
  EXPECT_EQ(digest_in(binary_stream({}), 100), RowDigest{});
}

TEST(BinaryRows, EndWithTheTrailerAndNowhereElse) {
  const std::string text = binary_stream(tuples());
  for (std::size_t length = 0; length < text.size(); ++length)
    ASSERT_EQ(damage_in(text.substr(0, length)), "binary rows end without their trailer") << length;
  EXPECT_EQ(damage_in(text + "x"), "bytes after the trailer of binary rows");
  EXPECT_EQ(damage_in(text + text), "bytes after the trailer of binary rows");
}

TEST(BinaryRows, AreRefusedWhereCopyWritesNoSuchThing) {
  const std::string header(kBinaryHeader), end(kBinaryTrailer);
  for (std::size_t at = 0; at < kSignature.size(); ++at) {
    std::string other = binary_stream(tuples());
    other[at] = static_cast<char>(other[at] ^ 1);
    EXPECT_EQ(damage_in(other), "no binary rows: the signature is another") << at;
  }
  EXPECT_EQ(damage_in("1\tone\n"), "no binary rows: the signature is another");
  EXPECT_EQ(damage_in(kSignature + big_endian(0x10000, 4) + big_endian(0, 4) + end),
            "binary rows with critical flags that are not known");
  EXPECT_EQ(damage_in(kSignature + big_endian(0, 4) + big_endian(-1, 4) + end),
            "binary rows with a header extension of negative length");
  EXPECT_EQ(damage_in(header + big_endian(-2, 2) + end), "a binary row of -2 fields");
  EXPECT_EQ(damage_in(header + big_endian(1665, 2) + end), "a binary row of 1665 fields");
  EXPECT_EQ(damage_in(header + big_endian(1, 2) + big_endian(-2, 4) + end),
            "a field of a binary row of length -2");
}

TEST(BinaryRows, ADigesterThatEndedBeginsAnew) {
  ChunkDigester digester(RowFormat::binary);
  for (int round = 0; round < 2; ++round) {
    digester.add(as_bytes(binary_stream(tuples())));
    EXPECT_EQ(digester.finish(), digest_of_tuples());
  }
}

}  // namespace
}  // namespace pgassay
