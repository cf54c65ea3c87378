#include "core/stream/parts.h"

#include <utility>

namespace pgassay {

PartsWriter::PartsWriter(PartEncoder& encoder, const Place& dir, RowFormat format, RowCuts cuts, Named named,
                         Finished finished)
    : encoder_(encoder),
      dir_(dir),
      format_(format),
      cuts_(cuts),
      named_(std::move(named)),
      finished_(std::move(finished)) {}

void PartsWriter::begin() {
  file_ = named_();
  writer_.emplace(encoder_, dir_, file_, format_);
  // The first one has the server's own.
  if (cut_ && format_ == RowFormat::binary) writer_->chunk(as_bytes(kBinaryHeader));
}

void PartsWriter::end_part() {
  rows_ += writer_->rows();
  Part part = writer_->finish();
  writer_.reset();
  finished_(std::move(part));
}

void PartsWriter::chunk(Bytes bytes) {
  raw_ += bytes.size();
  while (!bytes.empty()) {
    if (!writer_) begin();
    bytes = bytes.subspan(writer_->chunk_to_cut(bytes, cuts_));
    if (!writer_->at_cut()) continue;
    if (format_ == RowFormat::binary) writer_->chunk(as_bytes(kBinaryTrailer));
    cut_ = true;
    end_part();
  }
}

void PartsWriter::finish() {
  if (!writer_ && !cut_) begin();
  // After a cut at the very last row there is nothing more to come, but for the trailer of binary rows.
  if (cut_ && writer_ && writer_->rows() == 0) {
    writer_->finish();
    drop();
  }
  if (writer_) end_part();
}

void PartsWriter::drop() {
  if (!writer_) return;
  rows_ += writer_->rows();
  writer_.reset();
  remove_tree(dir_ / file_);
}

}  // namespace pgassay
