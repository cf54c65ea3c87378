#include "store/tar.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <span>

#include "core/system/error.h"

namespace pgassay::store {
namespace {

constexpr std::size_t kBlock = 512, kSumAt = 148, kSumDigits = 8, kSizeAt = 124, kSizeDigits = 12,
                      kTypeAt = 156;
using Block = std::array<char, kBlock>;

/// The sum of all bytes, those of the sum itself taken for blanks.
unsigned sum_of(const Block& block) {
  unsigned sum = 0;
  for (std::size_t at = 0; at < kBlock; ++at) {
    const bool of_sum = at >= kSumAt && at < kSumAt + kSumDigits;
    sum += of_sum ? static_cast<unsigned char>(' ') : static_cast<unsigned char>(block[at]);
  }
  return sum;
}

void put(Block& block, std::size_t at, const std::string& text) {
  std::memcpy(block.data() + at, text.data(), text.size());
}

std::uint64_t octal(const Block& block, std::size_t at, std::size_t digits) {
  std::uint64_t value = 0;
  for (std::size_t n = at; n < at + digits && block[n] >= '0' && block[n] <= '7'; ++n)
    value = value * 8 + static_cast<unsigned>(block[n] - '0');
  return value;
}

}  // namespace

TarWriter::TarWriter(int fd, Path name_for_errors) : fd_(fd), name_for_errors_(std::move(name_for_errors)) {}

std::uint64_t TarWriter::begin(const std::string& name, std::uint64_t size) {
  constexpr std::uint64_t kMost = (std::uint64_t{1} << 33) - 1;  // eleven octal digits
  if (name.size() > kLongestTarName || size > kMost) throw Error("too large for a pack: " + name);
  pad();
  Block block{};
  put(block, 0, name);
  put(block, 100, "0000600");
  put(block, 108, "0000000");
  put(block, 116, "0000000");
  put(block, kSizeAt, fmt::format("{:011o}", size));
  put(block, 136, "00000000000");
  block[kTypeAt] = '0';
  put(block, 257, std::string("ustar\00000", 8));
  put(block, kSumAt, fmt::format("{:06o}", sum_of(block)) + std::string("\0 ", 2));
  write_all(fd_, as_bytes({block.data(), kBlock}), name_for_errors_);
  at_ += kBlock;
  left_ = size;
  return at_;
}

void TarWriter::add(Bytes bytes) {
  if (bytes.size() > left_)
    throw Error("became longer while it was read: a file of " + name_for_errors_.string());
  write_all(fd_, bytes, name_for_errors_);
  at_ += bytes.size();
  left_ -= bytes.size();
}

void TarWriter::pad() {
  if (left_ != 0) throw Error("became shorter while it was read: a file of " + name_for_errors_.string());
  const std::string zeros((kBlock - at_ % kBlock) % kBlock, '\0');
  write_all(fd_, as_bytes(zeros), name_for_errors_);
  at_ += zeros.size();
}

void TarWriter::finish() {
  pad();
  const std::string end(2 * kBlock, '\0');
  write_all(fd_, as_bytes(end), name_for_errors_);
}

std::vector<TarMember> tar_members(const Fd& file, const std::string& name_for_errors) {
  const auto bad = [&]() -> BadBackup {
    return BadBackup(name_for_errors + ": it is no whole tar archive as pgassay writes them");
  };
  const off_t end = ::lseek(file.get(), 0, SEEK_END);
  if (end < 0) throw_errno("can't read", name_for_errors);
  std::vector<TarMember> members;
  for (std::uint64_t at = 0;;) {
    Block block{};
    if (::pread(file.get(), block.data(), kBlock, static_cast<off_t>(at)) != static_cast<ssize_t>(kBlock))
      throw bad();
    if (block[0] == '\0') return members;
    if (octal(block, kSumAt, kSumDigits) != sum_of(block) || block[kTypeAt] != '0') throw bad();
    TarMember member{{block.data(), ::strnlen(block.data(), kLongestTarName)},
                     at + kBlock,
                     octal(block, kSizeAt, kSizeDigits)};
    at = member.offset + (member.size + kBlock - 1) / kBlock * kBlock;
    if (at > static_cast<std::uint64_t>(end)) throw bad();
    members.push_back(std::move(member));
  }
}

}  // namespace pgassay::store
