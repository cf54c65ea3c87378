// How many rows there are in what COPY writes.
#pragma once

#include <cstdint>

#include "core/stream/binary_rows.h"
#include "core/stream/row_format.h"
#include "core/system/bytes.h"

namespace pgassay {

/// Takes chunks cut anywhere.
class RowCounter {
 public:
  explicit RowCounter(RowFormat format) : format_(format) {}
  /// Rows that end in the chunk. Throws Error where it holds no binary rows, though it should.
  std::uint64_t count(Bytes chunk);

 private:
  const RowFormat format_;
  BinaryRows tuples_;
};

}  // namespace pgassay
