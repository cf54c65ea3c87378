// Rows as COPY … (FORMAT binary) writes them: a header, tuples of a field count and so many fields, a
// trailer. https://www.postgresql.org/docs/current/sql-copy.html, "Binary Format"
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/system/bytes.h"

namespace pgassay {

/// What comes before the first tuple where there are no flags and no extension, and after the last one.
inline constexpr std::string_view kBinaryHeader{"PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", 19};
inline constexpr std::string_view kBinaryTrailer{"\377\377", 2};

/// A tuple, field count and fields, or as much of one as a chunk has.
struct TuplePiece {
  Bytes bytes;
  bool last = false;  ///< the tuple ends with it
};

/// Finds the tuples in chunks cut anywhere, and keeps none of them.
class BinaryRows {
 public:
  /// The next piece of a tuple, which is taken off the chunk's front along with what is no tuple before it;
  /// valid until the next call. Nothing: the chunk is used up. Throws Error at what COPY never writes:
  /// another signature, critical flags, a field count or a length that can't be, bytes after the trailer.
  std::optional<TuplePiece> next(Bytes& chunk);
  /// Throws Error when the trailer has not come.
  void finish() const;

 private:
  enum class Step { signature, flags, extension_length, extension, field_count, field_length, field, end };

  void expect(Step step, std::uint32_t bytes);
  void take(Bytes bytes);
  bool in_tuple() const { return step_ == Step::field_length || step_ == Step::field; }
  void end_step();
  void end_field();

  Step step_ = Step::signature;
  std::uint32_t left_ = kSignatureBytes;  ///< of the step's bytes; never 0 but at the end
  std::uint32_t value_ = 0;               ///< of a number, as far as it has come
  int fields_ = 0;                        ///< of the tuple, that are to come
  std::array<std::byte, 2> field_count_{};

  static constexpr std::uint32_t kSignatureBytes = 11;
};

}  // namespace pgassay
