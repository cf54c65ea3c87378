#include "restore/load/part_feed.h"

#include <fmt/format.h>

#include "core/stream/row_counter.h"
#include "core/system/error.h"

namespace pgassay::restore {
namespace {

constexpr const char* kDamaged = "the file has changed since the backup; `pgassay verify` says what else has";

class Counted : public ChunkSink {
 public:
  Counted(ChunkSink& next, RowFormat format, Observer& observer)
      : next_(next), counter_(format), observer_(observer) {}
  void chunk(Bytes bytes) override {
    next_.chunk(bytes);
    bytes_ += bytes.size();
    rows_ += counter_.count(bytes);
    if (bytes_ >= kStep) tell();
  }
  void tell() {
    observer_.advanced(bytes_, rows_);
    bytes_ = rows_ = 0;
  }

 private:
  static constexpr std::uint64_t kStep = 1 << 20;
  ChunkSink& next_;
  RowCounter counter_;
  Observer& observer_;
  std::uint64_t bytes_ = 0, rows_ = 0;
};

}  // namespace

void feed_part(const Place& dir, const Part& part, ChunkSink& sink, Observer& observer) {
  Counted counted(sink, part.format, observer);
  Part found;
  try {
    found = read_part(dir, part.file, counted, part.raw, part.format);
  } catch (const DamagedPart& damage) {
    throw BadBackup(damage.what(), kDamaged);
  }
  counted.tell();
  if (found.sha != part.sha)
    throw BadBackup(fmt::format("{}: its SHA-256 is not the manifest's", part.file), kDamaged);
  if (found.digest != part.digest)
    throw BadBackup(
        fmt::format("{}: its rows are not the manifest's: {} rows instead of {}, or another digest",
                    part.file, found.digest.rows, part.digest.rows),
        kDamaged);
}

void check_part(const Place& dir, const Part& part) {
  Observer silent;
  NoRows none;
  feed_part(dir, part, none, silent);
}

void RowBatches::chunk(Bytes bytes) {
  std::string_view text = as_text(bytes);
  while (!text.empty()) {
    const auto end = text.find('\n');
    const bool whole = end != std::string_view::npos;
    pending_.append(text.substr(0, whole ? end + 1 : text.size()));
    text.remove_prefix(whole ? end + 1 : text.size());
    if (!whole) return;
    if (++rows_ >= max_rows_ || pending_.size() >= kBytes) finish();
  }
}

void RowBatches::finish() {
  if (!pending_.empty() && pending_.back() != '\n')
    throw BadBackup("the rows end in the middle of one", "another backup may be whole");
  if (rows_ > 0) consumer_(pending_);
  pending_.clear();
  rows_ = 0;
}

}  // namespace pgassay::restore
