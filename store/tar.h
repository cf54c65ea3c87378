// Packs are tar archives (POSIX ustar), so that tar(1) opens them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/system/fd.h"

namespace pgassay::store {

/// What ustar holds of a name without an extension.
inline constexpr std::size_t kLongestTarName = 100;

class TarWriter {
 public:
  /// Writes at the descriptor's position, which it must not share.
  TarWriter(int fd, Path name_for_errors);
  /// Where the member's bytes will begin. Then exactly `size` bytes by add(), then the next.
  std::uint64_t begin(const std::string& name, std::uint64_t size);
  void add(Bytes bytes);
  void finish();

 private:
  void pad();
  int fd_;
  Path name_for_errors_;
  std::uint64_t at_ = 0, left_ = 0;
};

struct TarMember {
  std::string name;
  std::uint64_t offset = 0, size = 0;
};
/// Throws BadBackup when it is no such archive, or is cut.
std::vector<TarMember> tar_members(const Fd& file, const std::string& name_for_errors);

}  // namespace pgassay::store
