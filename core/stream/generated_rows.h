// Rows with their generated columns. COPY gives and takes no such column, so a file of rows has none; but
// what is stored in them is part of the database, and nobody can load it: it is digested on the way.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/stream/part.h"
#include "core/stream/row_digest.h"

namespace pgassay {

/// Of a table's generated columns. Like the row digest a sum, so parts add up, in any order.
struct GeneratedDigest {
  struct Column {
    uint128 sum = 0;          ///< of the XXH3-128 of every value, as COPY writes it, that is not NULL
    std::uint64_t nulls = 0;  ///< rows in which it is NULL
    friend bool operator==(const Column&, const Column&) = default;
  };
  RowDigest line;               ///< of whole rows: what is loaded, then the generated columns
  std::vector<Column> columns;  ///< the generated ones, in order

  /// Adds one with as many columns; either may be empty, as one begins.
  void merge(const GeneratedDigest& other);
  friend bool operator==(const GeneratedDigest&, const GeneratedDigest&) = default;
};

/// Takes COPY's output of rows whose last `generated` columns are generated ones, in chunks cut anywhere, and
/// passes on what COPY would give without these. Holds one row at a time. For one thread.
class GeneratedCutter : public ChunkSink {
 public:
  GeneratedCutter(ChunkSink& next, std::size_t stored, std::size_t generated,
                  RowFormat format = RowFormat::text);
  /// Throws Error at a row that has not as many fields.
  void chunk(Bytes bytes) override;
  /// Passes on what is left: the trailer of binary rows. Throws Error when the last row is not whole.
  GeneratedDigest finish();

 private:
  void lines(Bytes bytes);
  void tuples(Bytes bytes);
  void line(std::string_view text);
  void tuple(std::string_view text);
  void field(std::size_t column, std::string_view value, bool null);

  ChunkSink& next_;
  const std::size_t stored_, generated_;
  const RowFormat format_;
  BinaryRows tuples_;
  GeneratedDigest digest_;
  std::string begun_;  ///< of a row that a chunk's end has cut
  std::string out_;
  bool header_ = false;  ///< has been passed on
};

}  // namespace pgassay
