#include "verify/file_reader.h"

#include <fmt/format.h>

#include "core/repository/layout.h"
#include "core/system/cancellation.h"

namespace pgassay::verify {
namespace {

/// pg_dumpall writes it last, or last but for \unrestrict.
constexpr std::string_view kDumpComplete = "-- PostgreSQL database cluster dump complete\n";
constexpr std::size_t kTail = 1024;

class ProgressSink : public ChunkSink {
 public:
  ProgressSink(Observer& observer, const std::stop_token& stop) : observer_(observer), stop_(stop) {}

  void chunk(Bytes bytes) override {
    throw_if_stopped(stop_);
    observer_.advanced(bytes.size(), 0);
  }

 private:
  Observer& observer_;
  const std::stop_token& stop_;
};

/// Lines of JSON objects: each starts with a brace and ends with one.
class JsonLinesSink : public ChunkSink {
 public:
  void chunk(Bytes bytes) override {
    for (const char c : as_text(bytes)) {
      if (last_ == '\n' && c != '{') sound_ = false;
      if (c == '\n' && last_ != '}') sound_ = false;
      last_ = c;
    }
  }
  bool sound() const { return sound_; }

 private:
  char last_ = '\n';
  bool sound_ = true;
};

}  // namespace

void FileReader::add(const ExpectedFile& file, const char* kind, std::string detail) const {
  findings_.add(file.check, {file.stored.file, kind, std::move(detail)});
}

void FileReader::compare_sha(const ExpectedFile& file, const Sha256& sha) const {
  if (sha == file.stored.sha) return;
  add(file, "sha256",
      fmt::format("its bytes are not those that were written: SHA-256 {}, {} in the manifest", sha.hex(),
                  file.stored.sha.hex()));
}

void FileReader::compare_part(const ExpectedFile& file, const Part& found) const {
  const Part& expected = *file.part;
  if (found.digest.rows != expected.digest.rows) {
    add(file, "rows",
        fmt::format("rows: {} in the file, {} in the manifest", grouped(found.digest.rows),
                    grouped(expected.digest.rows)));
  } else if (found.digest.sum != expected.digest.sum) {
    add(file, "digest",
        fmt::format("row digest: {} of the file, {} in the manifest", found.digest.hex(),
                    expected.digest.hex()));
  }
  if (found.raw != expected.raw) {
    add(file, "size",
        fmt::format("decodes to {} bytes, {} in the manifest", grouped(found.raw), grouped(expected.raw)));
  }
}

void FileReader::read_rows(const ExpectedFile& file, const std::stop_token& stop) {
  const bool inventory = file.kind == ExpectedFile::Kind::inventory;
  ProgressSink progress(observer_, stop);
  JsonLinesSink lines;
  try {
    const Part found = read_part(
        dir_, file.stored.file, inventory ? static_cast<ChunkSink&>(lines) : progress,
        inventory ? kLongestInventory : file.part->raw, inventory ? RowFormat::text : file.part->format);
    bytes_ += found.stored;
    compare_sha(file, found.sha);
    if (inventory) {
      inventory_lines_ += found.digest.rows;
      if (!lines.sound()) add(file, "inventory", "holds a line that is no JSON object");
      return;
    }
    rows_ += found.digest.rows;
    observer_.advanced(0, found.digest.rows);
    compare_part(file, found);
  } catch (const DamagedPart& damaged) {
    bytes_ += damaged.stored;
    const std::string of = file.part != nullptr ? " of " + grouped(file.part->digest.rows) : "";
    const char* as_written = damaged.sha == file.stored.sha ? "; its bytes are those that were written" : "";
    add(file, "zstd",
        fmt::format("damaged at byte {} of {}; {}{} rows read before it{}", grouped(damaged.offset),
                    grouped(damaged.stored), grouped(damaged.rows), of, as_written));
  }
}

void FileReader::read_globals(const ExpectedFile& file) {
  const std::string text = read_file(dir_ / file.stored.file, kLongestGlobals);
  bytes_ += text.size();
  compare_sha(file, sha256_of(as_bytes(text)));
  const std::string_view tail = std::string_view(text).substr(text.size() - std::min(text.size(), kTail));
  if (tail.find(kDumpComplete) == std::string_view::npos) {
    add(file, "globals", text.empty() ? "is empty" : "does not end as pg_dumpall ends: it was cut short");
  }
}

void FileReader::read_plain(const ExpectedFile& file) {
  const HashedFile hashed = hash_file(dir_ / file.stored.file);
  bytes_ += hashed.bytes;
  compare_sha(file, hashed.sha);
}

void FileReader::read(const ExpectedFile& file, unsigned worker, const std::stop_token& stop) {
  throw_if_stopped(stop);
  observer_.part_started(worker, file.stored.file);
  try {
    switch (file.kind) {
      case ExpectedFile::Kind::part:
      case ExpectedFile::Kind::inventory:
        read_rows(file, stop);
        break;
      case ExpectedFile::Kind::globals:
        read_globals(file);
        break;
      case ExpectedFile::Kind::plain:
        read_plain(file);
        break;
    }
    ++files_;
  } catch (const Stopped& error) {
    error.raise();
  } catch (const SystemError& error) {
    if (error.is_loss()) {
      add(file, "read", error.what());
    } else {
      findings_.unverified(file.check, error.what());
    }
  } catch (const Error& error) {
    add(file, "read", error.what());
  }
  observer_.part_finished(worker, file.stored.file);
}

}  // namespace pgassay::verify
