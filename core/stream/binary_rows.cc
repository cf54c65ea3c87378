#include "core/stream/binary_rows.h"

#include <algorithm>
#include <string>

#include "core/system/error.h"

namespace pgassay {
namespace {

/// MaxTupleAttributeNumber: https://www.postgresql.org/docs/current/limits.html
constexpr int kMostFields = 1664;
constexpr unsigned kCriticalFlags = 16;  // the bits from here on
constexpr std::uint32_t kCount = 2, kNumber = 4;

}  // namespace

void BinaryRows::expect(Step step, std::uint32_t bytes) {
  step_ = step;
  left_ = bytes;
  value_ = 0;
}

void BinaryRows::take(Bytes bytes) {
  if (step_ == Step::end) throw Error("bytes after the trailer of binary rows");
  if (step_ == Step::signature) {
    const auto wanted = as_bytes(kBinaryHeader).subspan(kSignatureBytes - left_, bytes.size());
    if (!std::equal(bytes.begin(), bytes.end(), wanted.begin()))
      throw Error("no binary rows: the signature is another");
  } else if (step_ != Step::field && step_ != Step::extension) {
    for (const std::byte byte : bytes) value_ = value_ << 8 | std::to_integer<std::uint32_t>(byte);
  }
  left_ -= static_cast<std::uint32_t>(bytes.size());
}

void BinaryRows::end_field() {
  --fields_;
  expect(fields_ > 0 ? Step::field_length : Step::field_count, fields_ > 0 ? kNumber : kCount);
}

void BinaryRows::end_step() {
  const auto number = static_cast<std::int32_t>(value_);
  switch (step_) {
    case Step::signature:
      return expect(Step::flags, kNumber);
    case Step::flags:
      if (value_ >> kCriticalFlags != 0) throw Error("binary rows with critical flags that are not known");
      return expect(Step::extension_length, kNumber);
    case Step::extension_length:
      if (number < 0) throw Error("binary rows with a header extension of negative length");
      return number > 0 ? expect(Step::extension, value_) : expect(Step::field_count, kCount);
    case Step::extension:
      return expect(Step::field_count, kCount);
    case Step::field_count:
      fields_ = static_cast<std::int16_t>(value_);
      if (fields_ < -1 || fields_ > kMostFields)
        throw Error("a binary row of " + std::to_string(fields_) + " fields");
      field_count_ = {static_cast<std::byte>(value_ >> 8), static_cast<std::byte>(value_)};
      if (fields_ < 0) return expect(Step::end, 0);
      return fields_ > 0 ? expect(Step::field_length, kNumber) : expect(Step::field_count, kCount);
    case Step::field_length:
      if (number < -1) throw Error("a field of a binary row of length " + std::to_string(number));
      return number > 0 ? expect(Step::field, value_) : end_field();
    case Step::field:
      return end_field();
    case Step::end:
      return;
  }
}

std::optional<TuplePiece> BinaryRows::next(Bytes& chunk) {
  const Bytes all = chunk;
  std::size_t at = 0, begin = 0;  // the tuple's beginning, where we are in one
  while (at < all.size()) {
    const std::size_t length = step_ == Step::end ? 1 : std::min<std::size_t>(left_, all.size() - at);
    take(all.subspan(at, length));
    at += length;
    if (left_ > 0) break;
    const Step ended = step_;
    end_step();
    const bool last = step_ == Step::field_count;
    chunk = all.subspan(at);
    if (ended == Step::field_count && step_ != Step::end) {
      // Of a count that was cut the first byte is gone; it could have been the trailer's.
      if (at < kCount) return TuplePiece{field_count_, last};
      begin = at - kCount;
      if (last) return TuplePiece{all.subspan(begin, kCount), last};
    } else if (last && (ended == Step::field || ended == Step::field_length)) {
      return TuplePiece{all.subspan(begin, at - begin), last};
    }
  }
  chunk = {};
  if (!in_tuple() || begin == all.size()) return std::nullopt;
  return TuplePiece{all.subspan(begin)};
}

void BinaryRows::finish() const {
  if (step_ != Step::end) throw Error("binary rows end without their trailer");
}

}  // namespace pgassay
