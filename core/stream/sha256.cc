#include "core/stream/sha256.h"

#include <openssl/evp.h>

#include <new>

#include "core/system/error.h"

namespace pgassay {
namespace {

constexpr std::size_t kChunk = 256 * 1024;

void check(int openssl_result) {
  if (openssl_result != 1) throw Error("SHA-256 failed in the OpenSSL library");
}

int nibble(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  return -1;
}

}  // namespace

std::string Sha256::hex() const {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(2 * bytes.size());
  for (std::uint8_t byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

Sha256 Sha256::parse(std::string_view hex) {
  Sha256 sha;
  bool good = hex.size() == 2 * sha.bytes.size();
  for (std::size_t i = 0; good && i < sha.bytes.size(); ++i) {
    int high = nibble(hex[2 * i]), low = nibble(hex[2 * i + 1]);
    good = high >= 0 && low >= 0;
    sha.bytes[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  if (!good) throw Error("not a SHA-256 in 64 lower-case digits: " + std::string(hex.substr(0, 80)));
  return sha;
}

struct Sha256Hasher::Context {
  struct Free {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  std::unique_ptr<EVP_MD_CTX, Free> evp{EVP_MD_CTX_new()};

  Context() {
    if (!evp) throw std::bad_alloc();
    start();
  }
  void start() { check(EVP_DigestInit_ex(evp.get(), EVP_sha256(), nullptr)); }
};

Sha256Hasher::Sha256Hasher() : context_(std::make_unique<Context>()) {}
Sha256Hasher::~Sha256Hasher() = default;
Sha256Hasher::Sha256Hasher(Sha256Hasher&&) noexcept = default;

void Sha256Hasher::add(Bytes bytes) {
  check(EVP_DigestUpdate(context_->evp.get(), bytes.data(), bytes.size()));
}

Sha256 Sha256Hasher::finish() {
  Sha256 sha;
  check(EVP_DigestFinal_ex(context_->evp.get(), sha.bytes.data(), nullptr));
  context_->start();
  return sha;
}

Sha256 sha256_of(Bytes bytes) {
  Sha256Hasher hasher;
  hasher.add(bytes);
  return hasher.finish();
}

HashedFile hash_file(const Place& file) {
  Fd fd = open_for_reading(file);
  auto buffer = std::make_unique_for_overwrite<std::byte[]>(kChunk);
  Sha256Hasher hasher;
  HashedFile hashed;
  while (std::size_t got = read_some(fd.get(), {buffer.get(), kChunk}, file.path())) {
    hasher.add({buffer.get(), got});
    hashed.bytes += got;
  }
  hashed.sha = hasher.finish();
  return hashed;
}

}  // namespace pgassay
