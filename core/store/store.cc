#include "core/store/store.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/system/error.h"

namespace pgassay {
namespace {

constexpr std::size_t kBodyChunk = 256 * 1024;

class Md5 {
 public:
  Md5() : context_(EVP_MD_CTX_new()) {
    if (!context_ || EVP_DigestInit_ex(context_.get(), EVP_md5(), nullptr) != 1) fail();
  }
  void add(Bytes bytes) {
    if (EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) != 1) fail();
  }
  std::array<std::uint8_t, 16> finish() {
    std::array<std::uint8_t, 16> sum{};
    if (EVP_DigestFinal_ex(context_.get(), sum.data(), nullptr) != 1) fail();
    return sum;
  }

 private:
  [[noreturn]] static void fail() { throw Error("MD5 failed in the OpenSSL library"); }
  struct Free {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  std::unique_ptr<EVP_MD_CTX, Free> context_;
};

/// As many bytes as there are, up to the buffer's size.
std::size_t read_at(int fd, std::uint64_t offset, std::span<std::byte> buffer, const Path& name) {
  std::size_t got = 0;
  while (got < buffer.size()) {
    const ssize_t more =
        ::pread(fd, buffer.data() + got, buffer.size() - got, static_cast<off_t>(offset + got));
    if (more < 0 && errno == EINTR) continue;
    if (more < 0) throw_errno("can't read", name.string());
    if (more == 0) break;
    got += static_cast<std::size_t>(more);
  }
  return got;
}

}  // namespace

ObjectBody body_of(std::string text) {
  ObjectBody body;
  body.size = text.size();
  body.sha = sha256_of(as_bytes(text));
  Md5 md5;
  md5.add(as_bytes(text));
  body.md5 = md5.finish();
  body.read = [text = std::move(text)](std::uint64_t offset, std::span<std::byte> buffer) {
    std::memcpy(buffer.data(), text.data() + offset, buffer.size());
  };
  return body;
}

ObjectBody body_of(Fd file, const Path& name_for_errors) {
  ObjectBody body;
  const auto shared = std::make_shared<Fd>(std::move(file));
  const auto buffer = std::make_unique_for_overwrite<std::byte[]>(kBodyChunk);
  Sha256Hasher sha;
  Md5 md5;
  while (const std::size_t got =
             read_at(shared->get(), body.size, {buffer.get(), kBodyChunk}, name_for_errors)) {
    sha.add({buffer.get(), got});
    md5.add({buffer.get(), got});
    body.size += got;
  }
  body.sha = sha.finish();
  body.md5 = md5.finish();
  body.read = [shared, name_for_errors](std::uint64_t offset, std::span<std::byte> into) {
    if (read_at(shared->get(), offset, into, name_for_errors) != into.size())
      throw Error(name_for_errors.string() + ": became shorter while it was read");
  };
  return body;
}

std::optional<std::string> get_text(Store& store, const std::string& name, std::size_t most,
                                    const std::stop_token& stop) {
  std::string text;
  const auto keep = [&](Bytes bytes) {
    if (bytes.size() > most - text.size())
      throw BadBackup(fmt::format("{}/{}: it is longer than {} bytes", store.where(), name, most));
    text += as_text(bytes);
  };
  if (!store.get(name, keep, stop)) return std::nullopt;
  return text;
}

void check_object_name(const std::string& name) {
  bool good = !name.empty() && name.find('\0') == std::string::npos;
  for (std::size_t at = 0; good && at <= name.size();) {
    const std::size_t end = std::min(name.find('/', at), name.size());
    good = end > at && name[at] != '.';
    at = end + 1;
  }
  if (!good) throw UsageError("no object can have the name '" + name + "'");
}

}  // namespace pgassay
