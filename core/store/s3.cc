#include "core/store/s3.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <cstdlib>
#include <random>

#include "core/system/cancellation.h"
#include "core/system/error.h"

namespace pgassay {
namespace {

constexpr Seconds kLongestPause{20};
constexpr int kPreconditionFailed = 412, kRangeNotSatisfiable = 416, kNotImplementedStatus = 501;
constexpr const char* kDefaultRegion = "us-east-1";

bool is_good(int status) {
  return status >= 200 && status < 300;
}

std::string region_from_environment() {
  for (const char* name : {"AWS_REGION", "AWS_DEFAULT_REGION"}) {
    const char* const value = std::getenv(name);
    if (value != nullptr && *value != '\0') return value;
  }
  return kDefaultRegion;
}

const std::string& empty_sha() {
  static const std::string sha = sha256_of({}).hex();
  return sha;
}

std::string base64(const std::array<std::uint8_t, 16>& bytes) {
  unsigned char text[25] = {};
  EVP_EncodeBlock(text, bytes.data(), static_cast<int>(bytes.size()));
  return reinterpret_cast<const char*>(text);
}

/// Between nothing and twice the pause, so that many that failed together do not come back together.
void pause_with_jitter(Seconds pause, const std::stop_token& stop) {
  std::random_device random;
  const double share = std::uniform_real_distribution<double>(0.5, 1.5)(random);
  pause_for(std::chrono::duration_cast<std::chrono::milliseconds>(pause * share), StopFd(stop));
}

/// Seconds since the epoch of a Date header; nothing: it is none (RFC 9110, IMF-fixdate).
std::optional<std::int64_t> parse_http_date(const std::string& text) {
  std::tm time{};
  const char* const end = ::strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &time);
  if (end == nullptr || *end != '\0') return std::nullopt;
  return ::timegm(&time);
}

}  // namespace

/// A client that nobody else uses meanwhile; its connection is used again.
class S3Store::Lease {
 public:
  explicit Lease(S3Store& store) : store_(store) {
    const std::lock_guard lock(store_.mutex_);
    if (store_.idle_.empty()) return;
    client_.emplace(std::move(store_.idle_.back()));
    store_.idle_.pop_back();
  }
  Lease(const Lease&) = delete;
  ~Lease() {
    if (!client_) return;
    const std::lock_guard lock(store_.mutex_);
    store_.idle_.push_back(std::move(*client_));
  }
  HttpClient& client() {
    if (!client_) client_.emplace();
    return *client_;
  }

 private:
  S3Store& store_;
  std::optional<HttpClient> client_;
};

S3Store::S3Store(S3Settings settings) : settings_(std::move(settings)) {
  region_ = settings_.region.empty() ? region_from_environment() : settings_.region;
  path_style_ = settings_.path_style.value_or(!settings_.endpoint.empty());
  const std::string endpoint =
      settings_.endpoint.empty() ? "https://s3." + region_ + ".amazonaws.com" : settings_.endpoint;
  const std::size_t scheme_end = endpoint.find("://");
  scheme_ = endpoint.substr(0, scheme_end == std::string::npos ? 0 : scheme_end);
  if (scheme_ != "https" && scheme_ != "http")
    throw UsageError("endpoint must begin with https:// or http://");
  std::string authority = endpoint.substr(scheme_end + 3);
  if (authority.ends_with('/')) authority.pop_back();
  if (authority.empty() || authority.find_first_of("/?#@ ") != std::string::npos)
    throw UsageError("endpoint must be https://HOST or https://HOST:PORT, without a path or a user",
                     "what follows the bucket stands in url: s3://BUCKET/PREFIX");
  // As libcurl writes the Host header, which is signed.
  const std::string default_port = scheme_ == "https" ? ":443" : ":80";
  if (authority.ends_with(default_port)) authority.resize(authority.size() - default_port.size());
  host_ = path_style_ ? authority : settings_.bucket + "." + authority;
  credentials_ = read_credentials(settings_.credentials);
}

std::string S3Store::where() const {
  return "s3://" + settings_.bucket + (settings_.prefix.empty() ? "" : "/" + settings_.prefix);
}

std::string S3Store::key_of(const std::string& name) const {
  return settings_.prefix.empty() ? name : settings_.prefix + "/" + name;
}

std::string S3Store::object(const std::string& name) const {
  return where() + "/" + name;
}

HttpRequest S3Store::signed_request(const Request& request) {
  SignedParts parts{
      .method = request.method,
      .host = host_,
      .path = "/" + (path_style_ ? settings_.bucket + (request.key.empty() ? "" : "/") : "") + request.key,
      .query = request.query,
      .headers = request.headers,
      .payload_sha = request.payload_sha.empty() ? empty_sha() : request.payload_sha};
  Credentials credentials;
  {
    const std::lock_guard lock(mutex_);
    credentials = credentials_;
  }
  const std::chrono::seconds ahead(skew_counts_ ? ahead_.load() : 0);
  HttpRequest out;
  out.method = request.method;
  out.url = scheme_ + "://" + host_ + uri_encode(parts.path, true);
  if (!request.query.empty()) out.url += "?" + canonical_query(request.query);
  for (const auto& [name, value] : sign(parts, credentials, region_, now() + ahead))
    out.headers.push_back(name + ": " + value);
  out.upload = request.upload;
  out.sink = request.sink;
  out.stall = settings_.stall;
  out.ca_file = settings_.ca_file;
  return out;
}

HttpAnswer S3Store::once(const Request& request, const std::stop_token& stop) {
  Lease lease(*this);
  HttpAnswer answer = lease.client().exchange(signed_request(request), stop);
  note_clock(answer);
  return answer;
}

void S3Store::note_clock(const HttpAnswer& answer) {
  const auto date = answer.headers.find("date");
  if (date == answer.headers.end()) return;
  const auto theirs = parse_http_date(date->second);
  if (!theirs) return;
  ahead_ = *theirs - std::chrono::duration_cast<std::chrono::seconds>(now().time_since_epoch()).count();
  clock_known_ = true;
}

std::optional<Seconds> S3Store::clock_ahead() const {
  if (!clock_known_) return std::nullopt;
  return Seconds(static_cast<double>(ahead_));
}

/// Something that can be mended here: our clock differs, or the credentials were renewed since we read them.
bool S3Store::mend_after(const S3Failure& failure) {
  if (failure.code == "RequestTimeTooSkewed" && clock_known_ && !skew_counts_) {
    skew_counts_ = true;
    return true;
  }
  if (failure.code != "ExpiredToken" && failure.code != "InvalidAccessKeyId") return false;
  const Credentials fresh = read_credentials(settings_.credentials);
  const std::lock_guard lock(mutex_);
  if (fresh == credentials_) return false;
  credentials_ = fresh;
  return true;
}

S3Store::Done S3Store::perform(const Request& first, const std::string& object, const std::stop_token& stop,
                               const std::function<void(Request&)>& before_again) {
  Request request = first;
  Seconds pause = settings_.first_pause;
  bool was_repeated = false;
  for (int attempt = 1;; ++attempt) {
    const bool is_last = attempt >= settings_.attempts;
    try {
      HttpAnswer answer = once(request, stop);
      if (is_good(answer.status)) return {std::move(answer), was_repeated};
      const S3Failure failure = failure_of(answer);
      const bool mended = mend_after(failure);
      const bool passes = is_transient(failure) || is_checksum_failure(failure);
      if (!mended && !passes) return {std::move(answer), was_repeated};
      if (is_last && is_checksum_failure(failure)) return {std::move(answer), was_repeated};
      if (is_last) throw_failure(object, failure);
      was_repeated |= passes;
    } catch (const NoHttpAnswer& error) {
      if (is_last || error.why() == NoHttpAnswer::Why::certificate)
        throw Error(
            fmt::format("{}: {}", object, error.what()),
            error.why() == NoHttpAnswer::Why::certificate
                ? "of an own certificate authority: ca_file = \"…\" in [store.NAME]"
                : "look at endpoint in [store.NAME], and whether this host reaches it (a proxy is taken from "
                  "https_proxy)",
            error);
      was_repeated = true;
    }
    pause_with_jitter(pause, stop);
    pause = std::min(2 * pause, kLongestPause);
    if (before_again) before_again(request);
  }
}

bool S3Store::same_content(const std::string& name, const ObjectBody& body, const std::stop_token& stop) {
  Sha256Hasher hasher;
  std::uint64_t size = 0;
  const bool there = get(
      name,
      [&](Bytes bytes) {
        hasher.add(bytes);
        size += bytes.size();
      },
      stop);
  return there && size == body.size && hasher.finish() == body.sha;
}

Put S3Store::put_new(const std::string& name, const ObjectBody& body, const std::stop_token& stop) {
  check_object_name(name);
  Request request{.method = "PUT", .key = key_of(name)};
  request.headers = {{"content-md5", base64(body.md5)}, {"if-none-match", "*"}};
  request.payload_sha = body.sha.hex();
  request.upload = HttpUpload{body.read, body.size};
  Done done = perform(request, object(name), stop);
  if (done.answer.status == kNotImplementedStatus) {
    // It knows no conditions: whoever comes second is told by what is there already.
    if (head(name, stop)) return Put::taken;
    request.headers.erase("if-none-match");
    done = perform(request, object(name), stop);
  }
  if (is_good(done.answer.status)) return Put::stored;
  const S3Failure failure = failure_of(done.answer);
  if (is_checksum_failure(failure)) return Put::corrupted;
  if (done.answer.status == kPreconditionFailed) {
    // An earlier attempt of ours may have been done, and its answer lost.
    return done.was_repeated && same_content(name, body, stop) ? Put::stored : Put::taken;
  }
  throw_failure(object(name), failure);
}

bool S3Store::get(const std::string& name, const std::function<void(Bytes)>& sink,
                  const std::stop_token& stop) {
  check_object_name(name);
  std::uint64_t got = 0;
  Request request{.method = "GET", .key = key_of(name)};
  request.sink = [&](Bytes bytes) {
    sink(bytes);
    got += bytes.size();
  };
  // Goes on where the connection was lost; what was passed on is not passed on again.
  const auto go_on = [&](Request& again) {
    if (got > 0) again.headers["range"] = fmt::format("bytes={}-", got);
  };
  const Done done = perform(request, object(name), stop, go_on);
  if (done.answer.status == http::kNotFound && failure_of(done.answer).code != "NoSuchBucket" && got == 0)
    return false;
  // Lost after its last byte: there is nothing behind it.
  if (done.answer.status == kRangeNotSatisfiable && got > 0) return true;
  if (!is_good(done.answer.status)) throw_failure(object(name), failure_of(done.answer));
  return true;
}

std::optional<std::uint64_t> S3Store::head(const std::string& name, const std::stop_token& stop) {
  check_object_name(name);
  const Done done = perform({.method = "HEAD", .key = key_of(name)}, object(name), stop);
  if (done.answer.status == http::kNotFound) return std::nullopt;
  const auto length = done.answer.headers.find("content-length");
  if (!is_good(done.answer.status) || length == done.answer.headers.end())
    throw_failure(object(name), failure_of(done.answer));
  return std::strtoull(length->second.c_str(), nullptr, 10);
}

Listing S3Store::list(const std::string& prefix, Depth depth, const std::stop_token& stop) {
  const std::string before = settings_.prefix.empty() ? "" : settings_.prefix + "/";
  Request request{.method = "GET", .key = {}};
  request.query = {{"list-type", "2"}, {"encoding-type", "url"}, {"prefix", before + prefix}};
  if (depth == Depth::one) request.query["delimiter"] = "/";
  Listing all;
  for (;;) {
    const Done done = perform(request, object(prefix), stop);
    if (!is_good(done.answer.status)) throw_failure(object(prefix), failure_of(done.answer));
    ListPage page = parse_list(done.answer.body);
    for (StoredObject& one : page.listing.objects) {
      if (!one.name.starts_with(before))
        throw Error(object(prefix) + ": the answer lists what was not asked for");
      one.name.erase(0, before.size());
      all.objects.push_back(std::move(one));
    }
    for (const std::string& one : page.listing.below)
      all.below.push_back(one.starts_with(before) ? one.substr(before.size()) : one);
    if (page.next.empty()) break;
    request.query["continuation-token"] = page.next;
  }
  std::ranges::sort(all.objects, {}, &StoredObject::name);
  return all;
}

bool S3Store::remove(const std::string& name, const std::stop_token& stop) {
  check_object_name(name);
  const Done done = perform({.method = "DELETE", .key = key_of(name)}, object(name), stop);
  if (is_good(done.answer.status) || done.answer.status == http::kNotFound) return true;
  if (done.answer.status == http::kForbidden && failure_of(done.answer).code == "AccessDenied") return false;
  throw_failure(object(name), failure_of(done.answer));
}

}  // namespace pgassay
