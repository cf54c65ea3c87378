// A part: one file of rows as COPY writes them, one zstd frame (with its content checksum). Writer and reader
// of the one format.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "core/stream/row_digest.h"
#include "core/stream/sha256.h"
#include "core/system/error.h"
#include "core/system/place.h"

namespace pgassay {

/// Heap pages [first, end) of a table; no end: to the end of the table, however far it has grown.
struct PageRange {
  std::uint32_t first = 0;
  std::optional<std::uint32_t> end;
  friend bool operator==(const PageRange&, const PageRange&) = default;
};

struct Part {
  std::string file;                ///< relative to the backup directory, with '/'
  std::optional<PageRange> pages;  ///< of a part that was cut by pages, as earlier versions did
  RowFormat format = RowFormat::text;
  std::uint64_t raw = 0;     ///< bytes of COPY's output
  std::uint64_t stored = 0;  ///< bytes of the file
  RowDigest digest;
  Sha256 sha;
};

/// Where COPY's output goes, in chunks cut anywhere.
struct ChunkSink {
  virtual ~ChunkSink() = default;
  virtual void chunk(Bytes bytes) = 0;
};

/// Row digest, zstd, SHA-256 and write in one pass. One PartEncoder is kept by each worker, for the zstd
/// context and its buffers are worth reusing over 10,000 small tables; one part at a time.
class PartEncoder {
 public:
  explicit PartEncoder(int zstd_level);
  ~PartEncoder();
  PartEncoder(const PartEncoder&) = delete;

 private:
  friend class PartWriter;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

class PartWriter : public ChunkSink {
 public:
  /// Creates dir/file, which must not exist.
  PartWriter(PartEncoder& encoder, const Place& dir, std::string file, RowFormat format = RowFormat::text);
  ~PartWriter() override;
  /// Throws Error at what can't be rows of the format.
  void chunk(Bytes bytes) override { chunk_to_cut(bytes, RowCuts()); }
  /// Takes bytes up to a cut, or all of them; returns how many.
  std::size_t chunk_to_cut(Bytes bytes, const RowCuts& cuts);
  bool at_cut() const { return digester_.at_cut(); }
  std::uint64_t raw_bytes() const { return part_.raw; }
  /// That have ended.
  std::uint64_t rows() const { return digester_.rows_so_far(); }
  /// Ends the frame, closes the file (flushing it to disk is the publisher's), and says what was written.
  /// Throws Error when the last row has no line feed, or binary rows no trailer.
  Part finish();

 private:
  PartEncoder::Impl& encoder_;
  Path path_;  ///< for messages
  Part part_;
  ChunkDigester digester_;
  Fd fd_;
};

/// Reads dir/file, passes its decoded bytes to the sink and returns what it found: digest, sizes, SHA-256,
/// all recomputed; the caller compares. The file's bytes are hashed to their end even when decoding fails.
/// `most` is how many bytes it may decode to: what the manifest says, for a small file may decode to any
/// size. Throws DamagedPart when it is not one whole zstd frame of whole rows, or decodes to more.
Part read_part(const Place& dir, const std::string& file, ChunkSink& sink, std::uint64_t most,
               RowFormat format = RowFormat::text);

class DamagedPart : public ErrorAs<DamagedPart, ErrorKind::damaged_part> {
 public:
  /// sha: of the whole file as it is; offset: how many file bytes had been consumed when decoding failed.
  DamagedPart(const std::string& what, std::uint64_t stored, Sha256 sha, std::uint64_t offset,
              std::uint64_t rows);
  std::uint64_t stored, offset, rows;
  Sha256 sha;
};

}  // namespace pgassay
