#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/system/place.h"

namespace pgassay {

struct Sha256 {
  std::array<std::uint8_t, 32> bytes{};
  friend auto operator<=>(const Sha256&, const Sha256&) = default;
  std::string hex() const;
  static Sha256 parse(std::string_view hex);  ///< 64 lower-case digits; throws Error
};

class Sha256Hasher {
 public:
  Sha256Hasher();
  ~Sha256Hasher();
  Sha256Hasher(Sha256Hasher&&) noexcept;
  void add(Bytes bytes);
  Sha256 finish();  ///< and starts anew

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

struct HashedFile {
  std::uint64_t bytes = 0;
  Sha256 sha;
};
Sha256 sha256_of(Bytes bytes);
HashedFile hash_file(const Place& file);  ///< reads it all, in chunks of 256 KiB

}  // namespace pgassay
