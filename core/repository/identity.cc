#include "core/repository/identity.h"

#include <fmt/format.h>
#include <sys/random.h>
#include <unistd.h>

#include <climits>
#include <vector>

#include "core/system/error.h"

namespace pgassay {
namespace {

std::vector<unsigned char> random_bytes(std::size_t count) {
  std::vector<unsigned char> bytes(count);
  // Requests of up to 256 bytes are neither interrupted nor cut short (getrandom(2)).
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(count))
    throw_errno("cannot read", "getrandom");
  return bytes;
}

std::string hex(const std::vector<unsigned char>& bytes) {
  std::string out;
  for (const unsigned char byte : bytes) out += fmt::format("{:02x}", byte);
  return out;
}

}  // namespace

std::string random_hex(std::size_t bytes) {
  return hex(random_bytes(bytes));
}

std::string random_uuid() {
  std::vector<unsigned char> bytes = random_bytes(16);
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3f) | 0x80);
  std::string out = hex(bytes);
  for (const std::size_t dash : {8, 13, 18, 23}) out.insert(dash, 1, '-');
  return out;
}

std::string host_name() {
  char name[HOST_NAME_MAX + 1] = {};
  return ::gethostname(name, sizeof name - 1) == 0 ? std::string(name) : std::string("unknown host");
}

}  // namespace pgassay
