#include "core/stream/row_digest.h"

// Inlined: most rows are short, and a call into the shared library costs about as much as hashing one.
#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cstring>
#include <utility>

#include "core/system/error.h"

namespace pgassay {
namespace {

uint128 value_of(const XXH128_hash_t& hash) {
  return (uint128{hash.high64} << 64) | hash.low64;
}

void append_hex(std::string& text, std::uint64_t value) {
  for (int shift = 60; shift >= 0; shift -= 4) text += "0123456789abcdef"[(value >> shift) & 15];
}

std::uint64_t parse_hex(std::string_view digits, std::string_view whole) {
  std::uint64_t value = 0;
  for (char digit : digits) {
    bool decimal = digit >= '0' && digit <= '9';
    if (!decimal && (digit < 'a' || digit > 'f')) throw Error("not a row digest: " + std::string(whole));
    value = value * 16 + static_cast<std::uint64_t>(decimal ? digit - '0' : digit - 'a' + 10);
  }
  return value;
}

}  // namespace

void RowDigest::add(Bytes row) {
  sum += value_of(XXH3_128bits(row.data(), row.size()));
  ++rows;
}

void RowDigest::merge(const RowDigest& other) {
  rows += other.rows;
  sum += other.sum;
}

std::string RowDigest::hex() const {
  std::string text;
  text.reserve(32);
  append_hex(text, static_cast<std::uint64_t>(sum >> 64));
  append_hex(text, static_cast<std::uint64_t>(sum));
  return text;
}

RowDigest RowDigest::from(std::uint64_t rows, std::string_view hex) {
  if (hex.size() != 32) throw Error("not a row digest: " + std::string(hex.substr(0, 80)));
  return {rows, (uint128{parse_hex(hex.substr(0, 16), hex)} << 64) | parse_hex(hex.substr(16), hex)};
}

struct ChunkDigester::State {
  XXH3_state_t xxh;
};

ChunkDigester::ChunkDigester(RowFormat format) : format_(format), partial_(std::make_unique<State>()) {}
ChunkDigester::~ChunkDigester() = default;

/// Of the row that ends with the piece the hash's lower half.
inline std::uint64_t ChunkDigester::add_piece(Bytes piece, bool last) {
  uint128 hash = 0;
  if (last && !in_row_) {
    hash = value_of(XXH3_128bits(piece.data(), piece.size()));
  } else {
    if (!in_row_) XXH3_128bits_reset(&partial_->xxh);
    in_row_ = !last;
    XXH3_128bits_update(&partial_->xxh, piece.data(), piece.size());
    if (last) hash = value_of(XXH3_128bits_digest(&partial_->xxh));
  }
  digest_.sum += hash;
  digest_.rows += last;
  return static_cast<std::uint64_t>(hash);
}

/// A line is a row's piece without its line feed.
inline std::optional<TuplePiece> ChunkDigester::next(Bytes& chunk) {
  if (format_ == RowFormat::binary) return tuples_.next(chunk);
  if (chunk.empty()) return std::nullopt;
  const void* found = std::memchr(chunk.data(), '\n', chunk.size());
  const std::size_t length =
      found ? static_cast<std::size_t>(static_cast<const std::byte*>(found) - chunk.data()) : chunk.size();
  const TuplePiece piece{chunk.first(length), found != nullptr};
  chunk = chunk.subspan(found ? length + 1 : length);
  return piece;
}

std::size_t ChunkDigester::add_to_cut(Bytes chunk, const RowCuts& cuts) {
  const std::size_t all = chunk.size();
  const std::uint64_t before = bytes_;
  at_cut_ = false;
  while (const auto piece = next(chunk)) {
    const std::uint64_t hash = add_piece(piece->bytes, piece->last);
    row_ += piece->bytes.size();
    if (!piece->last) continue;
    bytes_ = before + all - chunk.size();
    if (cuts.end_after(bytes_, std::exchange(row_, 0) + 1, hash)) {
      at_cut_ = true;
      return all - chunk.size();
    }
  }
  bytes_ = before + all;
  return all;
}

RowDigest ChunkDigester::finish() {
  if (format_ == RowFormat::binary) tuples_.finish();
  if (in_row_) throw Error("the last row has no line feed");
  tuples_ = {};
  bytes_ = 0;
  return std::exchange(digest_, {});
}

}  // namespace pgassay
