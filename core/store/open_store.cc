#include "core/store/open_store.h"

#include <fmt/format.h>

#include <cstdlib>

#include "core/store/directory.h"
#include "core/store/s3.h"
#include "core/system/error.h"

namespace pgassay {
namespace {

constexpr std::string_view kS3 = "s3://", kFile = "file://";

[[noreturn]] void reject(const std::string& url, const std::string& why) {
  throw UsageError(fmt::format("{}: {}", url, why), "as in s3://BUCKET/PREFIX or file:///mnt/nas/pgassay");
}

/// {bucket, prefix}
std::pair<std::string, std::string> parse_s3(const std::string& url) {
  std::string rest = url.substr(kS3.size());
  while (rest.ends_with('/')) rest.pop_back();
  const std::size_t slash = rest.find('/');
  const std::string bucket = rest.substr(0, slash);
  const std::string prefix = slash == std::string::npos ? "" : rest.substr(slash + 1);
  // The bucket can be a part of the host's name.
  constexpr const char* kOfBuckets = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
  if (bucket.empty() || bucket.find_first_not_of(kOfBuckets) != std::string::npos)
    reject(url, "it names no bucket");
  if (!prefix.empty()) check_object_name(prefix);
  return {bucket, prefix};
}

Path parse_file(const std::string& url) {
  const Path path = url.substr(kFile.size());
  if (!path.is_absolute()) reject(url, "file:// takes an absolute path, with three slashes");
  return path;
}

/// The name of the environment that AWS's own programs take an endpoint from.
std::string endpoint_from_environment() {
  for (const char* name : {"AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"}) {
    const char* const value = std::getenv(name);
    if (value != nullptr && *value != '\0') return value;
  }
  return {};
}

}  // namespace

void check_store_url(const std::string& url) {
  if (url.starts_with(kS3)) {
    parse_s3(url);
  } else if (url.starts_with(kFile)) {
    parse_file(url);
  } else {
    reject(url, "it is no URL of a store");
  }
}

std::unique_ptr<Store> open_store(const StoreAt& at) {
  check_store_url(at.url);
  if (at.url.starts_with(kFile)) return std::make_unique<DirectoryStore>(parse_file(at.url));
  const auto [bucket, prefix] = parse_s3(at.url);
  return std::make_unique<S3Store>(
      S3Settings{.bucket = bucket,
                 .prefix = prefix,
                 .endpoint = at.endpoint.empty() ? endpoint_from_environment() : at.endpoint,
                 .region = at.region,
                 .path_style = at.path_style,
                 .ca_file = at.ca_file.string(),
                 .credentials = {at.credentials_file}});
}

}  // namespace pgassay
