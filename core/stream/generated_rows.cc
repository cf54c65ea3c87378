#include "core/stream/generated_rows.h"

#include <array>
#include <utility>

#include "core/stream/lines.h"
#include "core/system/error.h"

namespace pgassay {
namespace {

constexpr std::string_view kNull = "\\N";

[[noreturn]] void throw_fields() {
  throw Error("a row has not as many fields as it was asked for");
}

std::uint32_t big_endian(std::string_view text, std::size_t bytes) {
  if (text.size() < bytes) throw_fields();
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < bytes; ++i) value = value << 8 | static_cast<unsigned char>(text[i]);
  return value;
}

}  // namespace

void GeneratedDigest::merge(const GeneratedDigest& other) {
  if (columns.empty()) columns.resize(other.columns.size());
  line.merge(other.line);
  for (std::size_t i = 0; i < other.columns.size() && i < columns.size(); ++i) {
    columns[i].sum += other.columns[i].sum;
    columns[i].nulls += other.columns[i].nulls;
  }
}

GeneratedCutter::GeneratedCutter(ChunkSink& next, std::size_t stored, std::size_t generated, RowFormat format)
    : next_(next), stored_(stored), generated_(generated), format_(format) {
  digest_.columns.resize(generated);
}

void GeneratedCutter::chunk(Bytes bytes) {
  out_.clear();
  format_ == RowFormat::text ? lines(bytes) : tuples(bytes);
  if (!out_.empty()) next_.chunk(as_bytes(out_));
}

void GeneratedCutter::lines(Bytes bytes) {
  each_line(as_text(bytes), begun_, [this](std::string_view text) { line(text); });
}

/// A tab always ends a field: inside of one COPY escapes it. The generated ones are the last, so they are
/// looked for from the end.
void GeneratedCutter::line(std::string_view text) {
  digest_.line.add(as_bytes(text));
  std::string_view rest = text;
  for (std::size_t column = generated_; column-- > 0;) {
    const std::size_t tab = rest.rfind('\t');
    const bool first = stored_ == 0 && column == 0;
    if (first != (tab == std::string_view::npos)) throw_fields();
    const std::string_view value = first ? rest : rest.substr(tab + 1);
    field(column, value, value == kNull);
    rest = first ? std::string_view() : rest.substr(0, tab);
  }
  out_ += rest;
  out_ += '\n';
}

void GeneratedCutter::tuples(Bytes bytes) {
  if (!header_) out_ += kBinaryHeader;
  header_ = true;
  while (const auto piece = tuples_.next(bytes)) {
    if (begun_.empty() && piece->last) {
      tuple(as_text(piece->bytes));
      continue;
    }
    begun_ += as_text(piece->bytes);
    if (!piece->last) continue;
    tuple(begun_);
    begun_.clear();
  }
}

void GeneratedCutter::tuple(std::string_view text) {
  digest_.line.add(as_bytes(text));
  constexpr std::size_t kCount = 2, kLength = 4;
  if (big_endian(text, kCount) != stored_ + generated_) throw_fields();
  std::size_t at = kCount;
  const auto next_field = [&] {
    const auto length = static_cast<std::int32_t>(big_endian(text.substr(at), kLength));
    at += kLength;
    const std::string_view value = text.substr(at, length > 0 ? static_cast<std::size_t>(length) : 0);
    at += value.size();
    return std::pair(value, length < 0);
  };
  for (std::size_t i = 0; i < stored_; ++i) next_field();
  out_ += static_cast<char>(stored_ >> 8);
  out_ += static_cast<char>(stored_ & 0xff);
  out_ += text.substr(kCount, at - kCount);
  for (std::size_t column = 0; column < generated_; ++column) {
    const auto [value, null] = next_field();
    field(column, value, null);
  }
}

void GeneratedCutter::field(std::size_t column, std::string_view value, bool null) {
  if (null) {
    ++digest_.columns[column].nulls;
    return;
  }
  RowDigest one;
  one.add(as_bytes(value));
  digest_.columns[column].sum += one.sum;
}

GeneratedDigest GeneratedCutter::finish() {
  if (!begun_.empty()) throw Error("the last row is not whole");
  if (format_ == RowFormat::binary) {
    tuples_.finish();
    if (!header_) next_.chunk(as_bytes(kBinaryHeader));
    next_.chunk(as_bytes(kBinaryTrailer));
  }
  return std::exchange(digest_, {});
}

}  // namespace pgassay
