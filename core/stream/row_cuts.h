// Where a stream of rows is cut into parts. Rows decide it themselves, by their hashes: those that nobody
// touched give the same parts, whatever came, went or changed before them.
#pragma once

#include <cstdint>
#include <limits>

namespace pgassay {

/// Sizes are of bytes as COPY writes them. A part ends after a row: never below `least`, at the row that
/// reaches `most` at the latest, and between them at one whose hash is small beside its length, so that a
/// byte is as good as another, whatever the rows' lengths. From `mean` on that is four times as likely: few
/// parts then run into `most`, which is the one cut that depends on where the part began.
/// docs/repository-format.md, "Parts", has the rule for others.
class RowCuts {
 public:
  /// Parts of about four fifths of that size; without one there are no cuts.
  constexpr explicit RowCuts(std::uint64_t mean = 0)
      : mean_(mean),
        least_(mean == 0 ? std::numeric_limits<std::uint64_t>::max() : mean / 8),
        most_(mean * 2),
        chance_(mean == 0 ? 0 : std::numeric_limits<std::uint64_t>::max() / mean) {}

  /// Does the part end after this row? part: its bytes so far, with the row; row: how many bytes were hashed,
  /// and one; hash: the lower half of its XXH3-128.
  constexpr bool end_after(std::uint64_t part, std::uint64_t row, std::uint64_t hash) const {
    if (part < least_) return false;
    const std::uint64_t weight = part < mean_ ? row : row * 4;
    return part >= most_ || weight >= mean_ || hash < weight * chance_;
  }

  friend constexpr bool operator==(const RowCuts&, const RowCuts&) = default;

 private:
  std::uint64_t mean_, least_, most_, chance_;
};

/// Of tables' rows: larger ones store too much anew where little has changed, smaller ones are many files
/// (tests/bench/second_night measures it).
inline constexpr RowCuts kCutsOfTables{8 << 20};

}  // namespace pgassay
