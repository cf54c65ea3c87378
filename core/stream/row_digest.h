// The row digest: how many rows, and the sum modulo 2^128 of XXH3-128 (seed 0) of every row's COPY text without its
// line feed. Order does not change it, so parts and restores can be compared whatever order rows took. It detects
// accidents, not forgers: SHA-256 is for those.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/system/bytes.h"

namespace pgassay {

__extension__ using uint128 = unsigned __int128;

struct RowDigest {
  std::uint64_t rows = 0;
  uint128 sum = 0;

  void add(Bytes row);  ///< one row, without its line feed
  void merge(const RowDigest& other);
  std::string hex() const;  ///< the sum, 32 lower-case digits
  static RowDigest from(std::uint64_t rows, std::string_view hex);
  friend bool operator==(const RowDigest&, const RowDigest&) = default;
};

/// Takes COPY text in chunks cut anywhere and digests its rows; memory does not grow with a row. A line feed byte
/// always ends a row: inside fields COPY escapes it.
class ChunkDigester {
 public:
  ChunkDigester();
  ~ChunkDigester();
  void add(Bytes chunk);
  /// Throws Error when the last row had no line feed.
  RowDigest finish();
  std::uint64_t rows_so_far() const { return digest_.rows; }

 private:
  struct State;
  RowDigest digest_;
  std::unique_ptr<State> partial_;
  bool in_row_ = false;
};

}  // namespace pgassay
