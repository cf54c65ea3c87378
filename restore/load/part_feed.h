// A part's rows on their way into the server, compared with the manifest as they go.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "core/stream/part.h"
#include "core/system/observer.h"

namespace pgassay::restore {

/// Reads the part to its end into the sink. Throws BadBackup naming the file when what was read is not what
/// the manifest says; the sink must then throw its rows away.
void feed_part(const Place& dir, const Part& part, ChunkSink& sink, Observer& observer);

class NoRows : public ChunkSink {
 public:
  void chunk(Bytes) override {}
};

/// Only compares the part with the manifest. To be asked before a part's rows are blamed for anything: a
/// server that refuses a row leaves the rest of the file unread.
void check_part(const Place& dir, const Part& part);

/// Cuts COPY text into batches of whole rows: each is about kBytes, or as many rows as are allowed.
class RowBatches : public ChunkSink {
 public:
  using Consumer = std::function<void(std::string_view rows)>;
  RowBatches(std::size_t max_rows, Consumer consumer) : max_rows_(max_rows), consumer_(std::move(consumer)) {}
  void chunk(Bytes bytes) override;
  void finish();  ///< passes on what is left; throws BadBackup when that ends in the middle of a row

 private:
  static constexpr std::size_t kBytes = 4 << 20;
  std::size_t max_rows_, rows_ = 0;
  Consumer consumer_;
  std::string pending_;
};

}  // namespace pgassay::restore
