#include "core/store/s3_sign.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "core/stream/sha256.h"
#include "core/system/error.h"

namespace pgassay {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256", kScopeEnd = "aws4_request", kService = "s3";
constexpr std::size_t kDateDigits = 8;

Sha256 hmac(std::string_view key, std::string_view text) {
  Sha256 mac;
  unsigned length = 0;
  const auto* const bytes = reinterpret_cast<const unsigned char*>(text.data());
  if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes, text.size(), mac.bytes.data(),
           &length) == nullptr)
    throw Error("HMAC failed in the OpenSSL library");
  return mac;
}

std::string raw(const Sha256& mac) {
  return {reinterpret_cast<const char*>(mac.bytes.data()), mac.bytes.size()};
}

bool is_unreserved(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

}  // namespace

std::string uri_encode(std::string_view text, bool keep_slash) {
  std::string out;
  for (const char c : text) {
    if (is_unreserved(c) || (keep_slash && c == '/')) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

std::string uri_decode(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const bool escaped =
        text[at] == '%' && at + 2 < text.size() && digit(text[at + 1]) >= 0 && digit(text[at + 2]) >= 0;
    if (!escaped) {
      out += text[at];
      continue;
    }
    out += static_cast<char>(digit(text[at + 1]) * 16 + digit(text[at + 2]));
    at += 2;
  }
  return out;
}

std::string canonical_query(const std::map<std::string, std::string>& query) {
  // Sorted by the encoded names, which '%' can put into another order.
  std::map<std::string, std::string> encoded;
  for (const auto& [name, value] : query) encoded[uri_encode(name, false)] = uri_encode(value, false);
  std::string text;
  for (const auto& [name, value] : encoded) text += (text.empty() ? "" : "&") + name + "=" + value;
  return text;
}

std::map<std::string, std::string> sign(const SignedParts& parts, const Credentials& credentials,
                                        const std::string& region, Time at) {
  std::string time = to_stamp(at);
  const std::string date = time.substr(0, kDateDigits);
  std::map<std::string, std::string> headers = parts.headers;
  headers["host"] = parts.host;
  headers["x-amz-content-sha256"] = parts.payload_sha;
  headers["x-amz-date"] = time;
  if (!credentials.session_token.empty()) headers["x-amz-security-token"] = credentials.session_token;
  std::string names, lines;
  for (const auto& [name, value] : headers) {
    names += (names.empty() ? "" : ";") + name;
    lines += name + ":" + value + "\n";
  }
  const std::string request = parts.method + "\n" + uri_encode(parts.path, true) + "\n" +
                              canonical_query(parts.query) + "\n" + lines + "\n" + names + "\n" +
                              parts.payload_sha;
  const std::string scope = fmt::format("{}/{}/{}/{}", date, region, kService, kScopeEnd);
  const std::string to_sign =
      fmt::format("{}\n{}\n{}\n{}", kAlgorithm, time, scope, sha256_of(as_bytes(request)).hex());
  std::string key = "AWS4" + credentials.secret;
  for (const std::string_view step : {std::string_view(date), std::string_view(region), kService, kScopeEnd})
    key = raw(hmac(key, step));
  headers["authorization"] = fmt::format("{} Credential={}/{},SignedHeaders={},Signature={}", kAlgorithm,
                                         credentials.key_id, scope, names, hmac(key, to_sign).hex());
  headers.erase("host");
  return headers;
}

}  // namespace pgassay
