// A stream of rows as parts: one COPY, cut where its rows say so.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "core/stream/part.h"

namespace pgassay {

/// Takes COPY's output, in chunks cut anywhere, and writes it as files of `dir`, one after another. Each
/// holds what can be given to a COPY by itself, so binary rows get a header and a trailer in each. For one
/// thread.
class PartsWriter : public ChunkSink {
 public:
  using Named = std::function<std::string()>;  ///< the next file's name
  using Finished = std::function<void(Part)>;  ///< in their order

  PartsWriter(PartEncoder& encoder, const Place& dir, RowFormat format, RowCuts cuts, Named named,
              Finished finished);
  void chunk(Bytes bytes) override;
  /// Of all parts. Of binary rows the headers and trailers between parts are not counted.
  std::uint64_t raw_bytes() const { return raw_; }
  std::uint64_t rows() const { return rows_ + (writer_ ? writer_->rows() : 0); }
  /// Ends the last part; there is at least one, be it of no rows. Throws as PartWriter::finish().
  void finish();
  /// Removes the part that is begun, after a failure.
  void drop();

 private:
  void begin();
  void end_part();

  PartEncoder& encoder_;
  const Place dir_;
  const RowFormat format_;
  const RowCuts cuts_;
  const Named named_;
  const Finished finished_;
  std::optional<PartWriter> writer_;
  std::string file_;  ///< of writer_
  std::uint64_t raw_ = 0, rows_ = 0;
  bool cut_ = false;  ///< there was a part before
};

}  // namespace pgassay
