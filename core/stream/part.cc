#include "core/stream/part.h"

// For ZSTD_c_literalCompressionMode, which the shared library has too.
#define ZSTD_STATIC_LINKING_ONLY
#include <zstd.h>

#include <new>
#include <utility>

namespace pgassay {
namespace {

constexpr std::size_t kOutput = 256 * 1024;
constexpr std::size_t kReadChunk = 256 * 1024;
// Past this the kernel is asked to begin writing the file out; below it the flush of the whole backup is
// cheap anyway.
constexpr std::uint64_t kWritebackFrom = 1 << 20;
constexpr int kMaxWindowLog = 27;
// Level 1 with a hash table that fits the first-level cache (16 KiB), a window that fits the second, and a
// look at every third place only: a quarter faster than its own 64 and 512 KiB, for 4 % more bytes of most
// tables (prose: 15 %).
constexpr int kFastest = 1, kFastestHashLog = 12, kFastestWindowLog = 18, kFastestStep = 3;

std::size_t check_zstd(std::size_t result, const char* what) {
  if (ZSTD_isError(result)) throw Error(std::string(what) + ": zstd: " + ZSTD_getErrorName(result));
  return result;
}

struct FreeContext {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

using Buffer = std::unique_ptr<std::byte[]>;

}  // namespace

struct PartEncoder::Impl {
  std::unique_ptr<ZSTD_CCtx, FreeContext> context{ZSTD_createCCtx()};
  Buffer output = std::make_unique_for_overwrite<std::byte[]>(kOutput);
  ZSTD_outBuffer out{output.get(), kOutput, 0};
  Sha256Hasher hasher;
  std::uint64_t stored = 0;
  int fd = -1;
  const Path* path = nullptr;

  explicit Impl(int level) {
    if (!context) throw std::bad_alloc();
    auto set = [&](ZSTD_cParameter parameter, int value) {
      check_zstd(ZSTD_CCtx_setParameter(context.get(), parameter, value), "can't set up compression");
    };
    set(ZSTD_c_compressionLevel, level);
    set(ZSTD_c_checksumFlag, 1);
    set(ZSTD_c_contentSizeFlag, 0);
    if (level == kFastest) {
      set(ZSTD_c_hashLog, kFastestHashLog);
      set(ZSTD_c_windowLog, kFastestWindowLog);
      // Such steps switch the compression of literals off, unless it is wanted; that parameter is not
      // promised to stay, and without it they would cost 60 % more bytes.
      if (!ZSTD_isError(ZSTD_CCtx_setParameter(context.get(), ZSTD_c_literalCompressionMode, ZSTD_ps_enable)))
        set(ZSTD_c_targetLength, kFastestStep);
    }
  }

  void start(int to_fd, const Path& name) {
    check_zstd(ZSTD_CCtx_reset(context.get(), ZSTD_reset_session_only), "can't set up compression");
    hasher.finish();
    out.pos = stored = 0;
    fd = to_fd;
    path = &name;
  }

  /// zstd gathers its blocks itself: the same rows give the same bytes, whatever chunks they come in.
  void add(Bytes bytes) { compress(bytes, ZSTD_e_continue); }

  /// Ends the frame and returns the SHA-256 of the file.
  Sha256 finish() {
    compress({}, ZSTD_e_end);
    write_out();
    return hasher.finish();
  }

 private:
  void compress(Bytes bytes, ZSTD_EndDirective directive) {
    ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
    std::size_t unflushed;
    do {
      // With room for a whole block zstd compresses into our buffer and not by way of its own.
      if (kOutput - out.pos < ZSTD_CStreamOutSize()) write_out();
      unflushed = check_zstd(ZSTD_compressStream2(context.get(), &out, &in, directive), "can't compress");
    } while (in.pos < in.size || (directive == ZSTD_e_end && unflushed != 0));
  }

  void write_out() {
    Bytes ready(output.get(), std::exchange(out.pos, 0));
    hasher.add(ready);
    write_all(fd, ready, *path);
    stored += ready.size();
  }
};

PartEncoder::PartEncoder(int zstd_level) : impl_(std::make_unique<Impl>(zstd_level)) {}
PartEncoder::~PartEncoder() = default;

PartWriter::PartWriter(PartEncoder& encoder, const Place& dir, std::string file, RowFormat format)
    : encoder_(*encoder.impl_), path_((dir / file).path()), digester_(format), fd_(create_file(dir / file)) {
  part_.file = std::move(file);
  part_.format = format;
  encoder_.start(fd_.get(), path_);
}

PartWriter::~PartWriter() = default;

std::size_t PartWriter::chunk_to_cut(Bytes bytes, const RowCuts& cuts) {
  const std::size_t taken = digester_.add_to_cut(bytes, cuts);
  part_.raw += taken;
  encoder_.add(bytes.first(taken));
  return taken;
}

Part PartWriter::finish() {
  try {
    part_.digest = digester_.finish();
  } catch (const Error& error) {
    throw Error("can't end the part: " + path_.string() + ": " + error.what());
  }
  part_.sha = encoder_.finish();
  part_.stored = encoder_.stored;
  if (part_.stored >= kWritebackFrom) start_writeback(fd_.get());
  close_checked(std::move(fd_), path_);
  return std::move(part_);
}

namespace {

/// Decodes one frame, fed in chunks cut anywhere. What is wrong with it is told, not thrown: an exception is
/// the sink's.
class FrameDecoder {
 public:
  FrameDecoder(ChunkSink& sink, std::uint64_t most, RowFormat format)
      : sink_(sink), most_(most), digester_(format) {
    if (!context_) throw std::bad_alloc();
    check_zstd(ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, kMaxWindowLog),
               "can't set up zstd");
  }

  /// False when it is damaged: see damage() and offset().
  bool feed(Bytes bytes) {
    ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
    bool more = !bytes.empty();
    while (more) {
      if (ended_) return fail("bytes after the end of the zstd frame", in.pos);
      ZSTD_outBuffer out{buffer_.get(), kReadChunk, 0};
      const std::size_t result = ZSTD_decompressStream(context_.get(), &out, &in);
      if (ZSTD_isError(result)) return fail(std::string("zstd: ") + ZSTD_getErrorName(result), in.pos);
      if (!pass_on({buffer_.get(), out.pos}, in.pos)) return false;
      ended_ = result == 0;
      more = in.pos < in.size || (!ended_ && out.pos == out.size);
    }
    offset_ += bytes.size();
    return true;
  }

  bool end() {
    if (ended_) {
      try {
        digest_ = digester_.finish();
        return true;
      } catch (const Error& error) {
        return fail(error.what(), 0);
      }
    }
    return fail(offset_ == 0 ? "the file is empty" : "the zstd frame is cut short", 0);
  }

  const std::string& damage() const { return damage_; }
  std::uint64_t offset() const { return offset_; }
  std::uint64_t rows() const { return digester_.rows_so_far(); }
  std::uint64_t raw() const { return raw_; }
  const RowDigest& digest() const { return digest_; }

 private:
  bool fail(std::string damage, std::size_t consumed) {
    damage_ = std::move(damage);
    offset_ += consumed;
    return false;
  }

  bool pass_on(Bytes decoded, std::size_t consumed) {
    if (decoded.empty()) return true;
    if (decoded.size() > most_ - raw_)
      return fail("it decodes to more than the " + std::to_string(most_) + " bytes that it should", consumed);
    try {
      digester_.add(decoded);
    } catch (const Error& error) {
      return fail(error.what(), consumed);
    }
    raw_ += decoded.size();
    sink_.chunk(decoded);
    return true;
  }

  ChunkSink& sink_;
  const std::uint64_t most_;
  std::unique_ptr<ZSTD_DCtx, FreeContext> context_{ZSTD_createDCtx()};
  Buffer buffer_ = std::make_unique_for_overwrite<std::byte[]>(kReadChunk);
  ChunkDigester digester_;
  RowDigest digest_;
  std::string damage_;
  std::uint64_t offset_ = 0, raw_ = 0;
  bool ended_ = false;
};

}  // namespace

Part read_part(const Place& dir, const std::string& file, ChunkSink& sink, std::uint64_t most,
               RowFormat format) {
  const Path path = (dir / file).path();
  Fd fd = open_for_reading(dir / file);
  auto buffer = std::make_unique_for_overwrite<std::byte[]>(kReadChunk);
  Sha256Hasher hasher;
  FrameDecoder decoder(sink, most, format);
  Part part;
  bool good = true;
  while (std::size_t got = read_some(fd.get(), {buffer.get(), kReadChunk}, path)) {
    Bytes bytes(buffer.get(), got);
    hasher.add(bytes);
    part.stored += got;
    good = good && decoder.feed(bytes);
  }
  part.sha = hasher.finish();
  if (!good || !decoder.end()) {
    throw DamagedPart("damaged part: " + path.string() + ": " + decoder.damage(), part.stored, part.sha,
                      decoder.offset(), decoder.rows());
  }
  part.file = file;
  part.format = format;
  part.raw = decoder.raw();
  part.digest = decoder.digest();
  return part;
}

DamagedPart::DamagedPart(const std::string& what, std::uint64_t stored, Sha256 sha, std::uint64_t offset,
                         std::uint64_t rows)
    : ErrorAs(what), stored(stored), offset(offset), rows(rows), sha(sha) {}

}  // namespace pgassay
