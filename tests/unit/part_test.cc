#include "core/stream/part.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <zstd.h>

#include <algorithm>
#include <functional>
#include <random>
#include <vector>

#include "tests/fixtures/binary_stream.h"
#include "tests/fixtures/temporary_dir.h"

namespace pgassay {
namespace {

constexpr std::uint64_t kMost = 1 << 30;

struct Kept : ChunkSink {
  std::string text;
  void chunk(Bytes bytes) override { text += as_text(bytes); }
};

struct Parts : testing::Test {
  test::TemporaryDir temporary;
  Path dir = temporary.path();
  PartEncoder encoder{1};
  int files = 0;

  Part write(const std::vector<std::string>& rows) {
    PartWriter writer(encoder, Place(dir), std::to_string(files++) + ".copy.zst");
    for (const std::string& row : rows) writer.chunk(as_bytes(row + "\n"));
    return writer.finish();
  }
  std::string bytes_of(const Part& part) { return read_file(dir / part.file); }
  std::string put(std::string_view contents) {
    std::string name = std::to_string(files++) + ".raw";
    write_all(create_file(dir / name).get(), as_bytes(contents), name);
    return name;
  }
  Part read(const std::string& file) {
    Kept sink;
    return read_part(Place(dir), file, sink, kMost);
  }
};

std::vector<std::string> rows_of(std::size_t count, std::size_t length, unsigned seed = 1) {
  std::mt19937 random(seed);
  std::vector<std::string> rows(count);
  for (std::string& row : rows) {
    while (row.size() < length) row += std::to_string(random() % 1000) + "\t";
    row.resize(length);
  }
  return rows;
}

std::string compressed(const std::string& text, bool checksum = true) {
  std::unique_ptr<ZSTD_CCtx, std::size_t (*)(ZSTD_CCtx*)> context(ZSTD_createCCtx(), ZSTD_freeCCtx);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, checksum);
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress2(context.get(), out.data(), out.size(), text.data(), text.size()));
  return out;
}

struct Counting : ChunkSink {
  std::uint64_t bytes = 0;
  void chunk(Bytes chunk) override { bytes += chunk.size(); }
};

TEST_F(Parts, AreDecodedNoFurtherThanTheManifestSays) {
  const Part part = write(std::vector<std::string>(1000, std::string(999, 'x')));
  Counting exact;
  EXPECT_EQ(read_part(Place(dir), part.file, exact, 1'000'000).raw, 1'000'000u);
  Counting less;
  try {
    read_part(Place(dir), part.file, less, 999'999);
    FAIL() << "it decodes to more";
  } catch (const DamagedPart& damaged) {
    EXPECT_NE(std::string(damaged.what()).find("more than the 999999 bytes"), std::string::npos)
        << damaged.what();
    EXPECT_EQ(damaged.sha, part.sha);
  }
  EXPECT_LE(less.bytes, 999'999u);
}

TEST_F(Parts, AreReadAsTheyWereWritten) {
  const std::vector<std::vector<std::string>> cases = {{},
                                                       {""},
                                                       {"one"},
                                                       rows_of(10'000, 150),
                                                       rows_of(3, 131'071),
                                                       rows_of(3, 131'072),
                                                       rows_of(2, 5'000'000)};
  for (const auto& rows : cases) {
    std::string text;
    for (const std::string& row : rows) text += row + "\n";
    const Part written = write(rows);
    Kept sink;
    const Part found = read_part(Place(dir), written.file, sink, kMost);
    EXPECT_EQ(sink.text, text);
    EXPECT_EQ(written.raw, text.size());
    EXPECT_EQ(written.digest.rows, rows.size());
    EXPECT_EQ(written.stored, size_of_file(dir / written.file));
    EXPECT_EQ(found.file, written.file);
    EXPECT_EQ(found.raw, written.raw);
    EXPECT_EQ(found.stored, written.stored);
    EXPECT_EQ(found.digest, written.digest);
    EXPECT_EQ(found.sha, written.sha);
    EXPECT_EQ(hash_file(Place(dir) / written.file).sha, written.sha);
  }
}

TEST_F(Parts, OfBinaryRowsAreReadAsTheyWereWritten) {
  const std::string tuple = test::binary_tuple({"one", std::nullopt, std::string(300'000, 'x')});
  for (const std::size_t rows : {0u, 1u, 3u}) {
    const std::string text = test::binary_stream(std::vector<std::string>(rows, tuple));
    const std::string file = std::to_string(rows) + ".bin.zst";
    PartWriter writer(encoder, Place(dir), file, RowFormat::binary);
    writer.chunk(as_bytes(text));
    EXPECT_EQ(writer.rows(), rows);
    const Part written = writer.finish();
    EXPECT_EQ(written.format, RowFormat::binary);
    Kept sink;
    const Part found = read_part(Place(dir), file, sink, kMost, RowFormat::binary);
    EXPECT_EQ(sink.text, text);
    EXPECT_EQ(found.digest, written.digest);
    EXPECT_EQ(found.digest.rows, rows);
    EXPECT_EQ(found.raw, text.size());
  }
}

TEST_F(Parts, OfBinaryRowsThatAreNoneAreDamaged) {
  const std::string tuple = test::binary_tuple({"one"}), text = test::binary_stream({tuple, tuple});
  const std::pair<std::string, std::string> cases[] = {
      {"1\tone\n", "the signature is another"},
      {text.substr(0, text.size() - 1), "without their trailer"},
      {text + "x", "bytes after the trailer"}};
  for (const auto& [contents, words] : cases) {
    const std::string file = put(compressed(contents));
    try {
      Kept sink;
      read_part(Place(dir), file, sink, kMost, RowFormat::binary);
      FAIL() << words;
    } catch (const DamagedPart& damaged) {
      EXPECT_NE(std::string(damaged.what()).find(words), std::string::npos) << damaged.what();
      EXPECT_EQ(damaged.rows, contents[0] == '1' ? 0u : 2u);
      EXPECT_EQ(damaged.stored, size_of_file(dir / file));
    }
  }
}

TEST_F(Parts, AreTheSameBytesForTheSameRows) {
  const auto rows = rows_of(20'000, 150);
  const std::string first = bytes_of(write(rows));
  write(rows_of(5'000, 99, 2));
  EXPECT_EQ(bytes_of(write(rows)), first) << "the encoder had another part in between";
  PartEncoder other(1);
  PartWriter writer(other, Place(dir), "other");
  for (const std::string& row : rows) writer.chunk(as_bytes(row + "\n"));
  EXPECT_EQ(bytes_of(writer.finish()), first);
}

TEST_F(Parts, AreTheSameBytesAfterAnotherPartWasGivenUp) {
  const auto rows = rows_of(2'000, 150);
  const std::string first = bytes_of(write(rows));
  {
    PartWriter given_up(encoder, Place(dir), "given-up");
    for (const std::string& row : rows_of(5'000, 99, 3)) given_up.chunk(as_bytes(row + "\n"));
  }
  EXPECT_EQ(bytes_of(write(rows)), first);
}

TEST_F(Parts, AreTheSameHoweverTheTextIsCutIntoChunks) {
  std::string text;
  for (const std::string& row : rows_of(6'000, 150)) text += row + "\n";
  std::mt19937 random(4);
  std::string first;
  RowDigest digest;
  for (int round = 0; round < 10; ++round) {
    PartWriter writer(encoder, Place(dir), "cut" + std::to_string(round));
    for (std::size_t at = 0; at < text.size();) {
      std::size_t end =
          std::min(text.size(), at + 1 + random() % (std::size_t{1} << (4 + 2 * (random() % 9))));
      if (round == 0) end = text.size();
      writer.chunk(as_bytes(std::string_view(text).substr(at, end - at)));
      at = end;
    }
    EXPECT_EQ(writer.rows(), 6'000u);
    EXPECT_EQ(writer.raw_bytes(), text.size());
    const Part part = writer.finish();
    const std::string bytes = bytes_of(part);
    if (round == 0) {
      first = bytes;
      digest = part.digest;
    }
    EXPECT_EQ(bytes, first);
    EXPECT_EQ(part.digest, digest);
  }
}

TEST_F(Parts, DoNotRecordTheContentSize) {
  for (const auto& rows : {rows_of(0, 0), rows_of(1, 10), rows_of(10'000, 150)}) {
    const std::string bytes = bytes_of(write(rows));
    EXPECT_EQ(ZSTD_getFrameContentSize(bytes.data(), bytes.size()), ZSTD_CONTENTSIZE_UNKNOWN);
  }
}

TEST_F(Parts, ArePrivateFiles) {
  const Part part = write({"one"});
  struct stat status;
  ASSERT_EQ(::stat((dir / part.file).c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600u);
}

TEST_F(Parts, AreNeverWrittenOverAFile) {
  write_new_file(dir / "0.copy.zst", "precious");
  EXPECT_THROW(write({"one"}), Error);
  EXPECT_EQ(read_file(dir / "0.copy.zst"), "precious");
}

TEST_F(Parts, RefuseALastRowWithoutItsLineFeed) {
  PartWriter writer(encoder, Place(dir), "part");
  writer.chunk(as_bytes("one\ntwo"));
  EXPECT_EQ(writer.rows(), 1u);
  EXPECT_THROW(writer.finish(), Error);
}

TEST_F(Parts, CutShortAnywhereAreDamaged) {
  const std::string whole = bytes_of(write(rows_of(200, 20)));
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const std::string file = put(std::string_view(whole).substr(0, length));
    EXPECT_THROW(read(file), DamagedPart) << length;
  }
}

TEST_F(Parts, WithAnyBitFlippedAreNoticed) {
  const Part written = write(rows_of(40, 12));
  const std::string whole = bytes_of(written);
  for (std::size_t bit = 0; bit < 8 * whole.size(); ++bit) {
    std::string flipped = whole;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    const std::string file = put(flipped);
    try {
      EXPECT_NE(read(file).sha, written.sha) << bit;
    } catch (const DamagedPart& damaged) {
      EXPECT_NE(damaged.sha, written.sha) << bit;
      EXPECT_EQ(damaged.stored, whole.size()) << bit;
    }
    remove_tree(dir / file);
  }
}

struct Damage {
  std::string name, bytes, words;
};

TEST_F(Parts, ThatAreNotOneFrameOfWholeRowsAreDamaged) {
  const std::string frame = compressed("one\ntwo\n");
  const std::vector<Damage> cases = {
      {"empty", "", "the file is empty"},
      {"two frames", frame + frame, "bytes after the end of the zstd frame"},
      {"a byte too many", frame + '\0', "bytes after the end of the zstd frame"},
      {"no line feed", compressed("one\ntwo"), "the last row has no line feed"},
      {"not zstd", "this is no zstd frame", "zstd: Unknown frame descriptor"},
  };
  for (const Damage& damage : cases) {
    const std::string file = put(damage.bytes);
    try {
      read(file);
      FAIL() << damage.name;
    } catch (const DamagedPart& damaged) {
      EXPECT_NE(std::string(damaged.what()).find(file + ": " + damage.words), std::string::npos)
          << damaged.what();
      EXPECT_EQ(damaged.sha, sha256_of(as_bytes(damage.bytes))) << damage.name;
      EXPECT_EQ(damaged.exit(), Exit::bad_backup);
    }
  }
}

TEST_F(Parts, ThatAreDamagedSayHowFarTheyCouldBeRead) {
  const Part written = write(rows_of(100'000, 150));
  std::string bytes = bytes_of(written);
  const std::size_t broken = bytes.size() / 2;
  std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(broken), 200'000, '\xff');
  try {
    read(put(bytes));
    FAIL() << "no exception";
  } catch (const DamagedPart& damaged) {
    EXPECT_GT(damaged.rows, 30'000u);
    EXPECT_LT(damaged.rows, 60'000u);
    EXPECT_GT(damaged.offset, broken - 300'000);
    EXPECT_LT(damaged.offset, broken + 300'000);
    EXPECT_EQ(damaged.stored, bytes.size());
  }
}

TEST_F(Parts, PassTheSinksExceptionOn) {
  struct Full : ChunkSink {
    void chunk(Bytes) override { throw Stopped(); }
  } sink;
  const Part part = write({"one"});
  EXPECT_THROW(read_part(Place(dir), part.file, sink, kMost), Stopped);
}

TEST_F(Parts, ThatAreMissingAreAnErrorAndNotDamage) {
  try {
    read("missing");
    FAIL() << "no exception";
  } catch (const DamagedPart&) {
    FAIL() << "called damaged";
  } catch (const Error&) {
  }
}

}  // namespace
}  // namespace pgassay
