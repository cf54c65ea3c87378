// The row digest: how many rows, and the sum modulo 2^128 of XXH3-128 (seed 0) of every row's COPY text
// without its line feed; of binary rows, of every tuple, its field count and its fields. Order does not
// change it, so parts and restores can be compared whatever order rows took. It detects accidents, not
// forgers: SHA-256 is for those.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/stream/binary_rows.h"
#include "core/stream/row_cuts.h"
#include "core/stream/row_format.h"
#include "core/system/bytes.h"

namespace pgassay {

__extension__ using uint128 = unsigned __int128;

struct RowDigest {
  std::uint64_t rows = 0;
  uint128 sum = 0;

  void add(Bytes row);  ///< one row, without its line feed, or one tuple
  void merge(const RowDigest& other);
  std::string hex() const;  ///< the sum, 32 lower-case digits
  static RowDigest from(std::uint64_t rows, std::string_view hex);
  friend bool operator==(const RowDigest&, const RowDigest&) = default;
};

/// Takes COPY's output in chunks cut anywhere and digests its rows; memory does not grow with a row. In text
/// a line feed byte always ends a row: inside fields COPY escapes it.
class ChunkDigester {
 public:
  explicit ChunkDigester(RowFormat format = RowFormat::text);
  ~ChunkDigester();
  /// Takes the chunk up to the end of the row after which the part is cut, or all of it, and returns how many
  /// bytes that were. Throws Error at what can't be binary rows, though they should be.
  std::size_t add_to_cut(Bytes chunk, const RowCuts& cuts);
  void add(Bytes chunk) { add_to_cut(chunk, RowCuts()); }
  /// add_to_cut() ended at a cut.
  bool at_cut() const { return at_cut_; }
  /// Throws Error when the last row had no line feed, or binary rows no trailer.
  RowDigest finish();
  std::uint64_t rows_so_far() const { return digest_.rows; }

 private:
  struct State;
  std::optional<TuplePiece> next(Bytes& chunk);
  std::uint64_t add_piece(Bytes piece, bool last);

  const RowFormat format_;
  BinaryRows tuples_;
  RowDigest digest_;
  std::unique_ptr<State> partial_;
  std::uint64_t bytes_ = 0, row_ = 0;  ///< of the part and its row, so far
  bool in_row_ = false, at_cut_ = false;
};

}  // namespace pgassay
