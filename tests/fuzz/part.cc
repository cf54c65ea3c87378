#include "core/stream/part.h"

#include <unistd.h>

#include "core/stream/row_counter.h"
#include "core/system/files.h"
#include "export/rows.h"
#include "restore/load/part_feed.h"
#include "tests/fuzz/expect.h"
#include "tests/fuzz/targets.h"

namespace pgassay::fuzz {
namespace {

constexpr std::uint64_t kMost = std::uint64_t{1} << 32;

struct Text : ChunkSink {
  std::string text;
  void chunk(Bytes bytes) override {
    if (text.size() + bytes.size() > (16 << 20)) throw Error("enough");
    text += as_text(bytes);
  }
};

/// In memory, where that can be had; gone with the process.
struct Scratch {
  std::string dir =
      ::access("/dev/shm", W_OK) == 0 ? "/dev/shm/pgassay-fuzz-XXXXXX" : "/tmp/pgassay-fuzz-XXXXXX";
  Scratch() {
    if (::mkdtemp(dir.data()) == nullptr) throw_errno("can't make the directory", dir);
  }
  ~Scratch() { remove_tree(Path(dir)); }
};

Place scratch() {
  static const Scratch scratch;
  return Place(scratch.dir);
}

std::uint64_t rows_in(std::string_view rows, RowFormat format) {
  RowCounter counter(format);
  return counter.count(as_bytes(rows));
}

void read_as_a_part(std::string_view input, RowFormat format) {
  const Place file = scratch() / "part";
  remove_tree(file);
  const Fd fd = create_file(file);
  write_all(fd.get(), as_bytes(input), file.path());
  Text rows;
  try {
    const Part part = read_part(scratch(), "part", rows, kMost, format);
    PGASSAY_EXPECT(part.raw == rows.text.size());
    PGASSAY_EXPECT(part.stored == input.size());
    PGASSAY_EXPECT(part.digest.rows == rows_in(rows.text, format));
  } catch (const Error&) {
  }
}

bool is_binary(std::string_view rows) {
  ChunkDigester digester(RowFormat::binary);
  try {
    digester.add(as_bytes(rows));
    digester.finish();
    return true;
  } catch (const Error&) {
    return false;
  }
}

/// Rows that were written are read as they were, however they are cut; and none of what is made of them
/// falls over. Binary rows that are none are refused, wherever they are cut.
void write_and_read(std::string_view rows, RowFormat format) {
  const Place file = scratch() / "part";
  remove_tree(file);
  PartEncoder encoder(1);
  PartWriter writer(encoder, scratch(), "part", format);
  const std::size_t half = rows.size() / 2;
  try {
    writer.chunk(as_bytes(rows.substr(0, half)));
    writer.chunk(as_bytes(rows.substr(half)));
    const Part written = writer.finish();
    Text read;
    const Part found = read_part(scratch(), "part", read, kMost, format);
    PGASSAY_EXPECT(read.text == rows);
    PGASSAY_EXPECT(found.digest == written.digest && found.sha == written.sha);
  } catch (const DamagedPart&) {
    PGASSAY_EXPECT(false);
  } catch (const Error&) {
    PGASSAY_EXPECT(format == RowFormat::binary ? !is_binary(rows) : !rows.empty() && rows.back() != '\n');
  }
}

std::string as_csv(std::string_view rows, std::size_t cut) {
  Text out;
  exports::CsvWriter csv(out, rows.size() % 2 == 0);
  csv.chunk(as_bytes(rows.substr(0, cut)));
  csv.chunk(as_bytes(rows.substr(cut)));
  csv.finish();
  return out.text;
}

std::string without_end_marker(std::string_view rows, std::size_t cut) {
  Text out;
  exports::NoEndMarker guard(out);
  try {
    guard.chunk(as_bytes(rows.substr(0, cut)));
    guard.chunk(as_bytes(rows.substr(cut)));
  } catch (const BadBackup&) {
    return "refused";
  }
  const std::string text = "\n" + out.text;
  PGASSAY_EXPECT(text.find("\n\\.") == std::string::npos);
  return out.text;
}

}  // namespace

void part(std::string_view input) {
  for (const RowFormat format : {RowFormat::text, RowFormat::binary}) {
    read_as_a_part(input, format);
    write_and_read(input, format);
  }
  const std::size_t cut = input.empty() ? 0 : static_cast<unsigned char>(input[0]) % input.size();
  PGASSAY_EXPECT(as_csv(input, cut) == as_csv(input, 0));
  PGASSAY_EXPECT(without_end_marker(input, cut) == without_end_marker(input, 0));
  restore::RowBatches batches(3, [](std::string_view rows) { PGASSAY_EXPECT(rows.ends_with('\n')); });
  batches.chunk(as_bytes(input));
  try {
    batches.finish();
  } catch (const BadBackup&) {
    PGASSAY_EXPECT(!input.ends_with('\n'));
  }
}

}  // namespace pgassay::fuzz
