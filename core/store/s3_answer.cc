#include "core/store/s3_answer.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "core/store/s3_sign.h"
#include "core/system/error.h"

namespace pgassay {
namespace {

constexpr std::size_t kLongestWords = 300;
constexpr int kTooMany = 429, kServerError = 500, kNotImplemented = 501, kFirstNoStatus = 600;

std::string unescaped(std::string_view text) {
  constexpr std::pair<std::string_view, char> kEntities[] = {
      {"&lt;", '<'},    {"&gt;", '>'},  {"&amp;", '&'}, {"&quot;", '"'},
      {"&apos;", '\''}, {"&#34;", '"'}, {"&#39;", '\''}};
  std::string out;
  while (!text.empty()) {
    const auto* const entity =
        std::ranges::find_if(kEntities, [&](const auto& one) { return text.starts_with(one.first); });
    if (entity == std::end(kEntities)) {
      out += text.front();
      text.remove_prefix(1);
    } else {
      out += entity->second;
      text.remove_prefix(entity->first.size());
    }
  }
  return out;
}

/// What a server says goes into a message on one line.
std::string one_line(std::string text) {
  text.resize(std::min(text.size(), kLongestWords));
  for (char& c : text)
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = ' ';
  return text;
}

std::string hint_for(const S3Failure& failure) {
  const std::string& code = failure.code;
  if (code == "InvalidAccessKeyId" || code == "SignatureDoesNotMatch")
    return "the key id or the secret is wrong: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the "
           "credentials file";
  if (code == "ExpiredToken" || code == "InvalidToken" || code == "TokenRefreshRequired")
    return "the credentials have expired: get new ones, and do it again; what was sent is not sent again";
  if (code == "RequestTimeTooSkewed")
    return "this host's clock is wrong: timedatectl says whether it is kept by NTP";
  if (code == "QuotaExceeded") return "the store is full: raise its quota, or prune it";
  if (code == "AccessDenied" || failure.status == http::kForbidden)
    return "the key lacks a right: pushing takes s3:PutObject, s3:GetObject and s3:ListBucket below the "
           "prefix";
  return {};
}

/// AWS writes a blank as '+', others as %20; a '+' itself is %2B of all.
std::string decoded_name(std::string text) {
  std::ranges::replace(text, '+', ' ');
  return uri_decode(text);
}

}  // namespace

std::vector<std::string_view> xml_elements(std::string_view xml, std::string_view tag) {
  const std::string open = fmt::format("<{}>", tag), close = fmt::format("</{}>", tag);
  std::vector<std::string_view> found;
  for (std::size_t at = 0; (at = xml.find(open, at)) != std::string_view::npos;) {
    const std::size_t begin = at + open.size(), end = xml.find(close, begin);
    if (end == std::string_view::npos) break;
    found.push_back(xml.substr(begin, end - begin));
    at = end + close.size();
  }
  return found;
}

std::optional<std::string> xml_element(std::string_view xml, std::string_view tag) {
  const auto found = xml_elements(xml, tag);
  if (found.empty()) return std::nullopt;
  return unescaped(found.front());
}

ListPage parse_list(std::string_view xml) {
  if (xml.find("<ListBucketResult") == std::string_view::npos ||
      xml.find("</ListBucketResult>") == std::string_view::npos)
    throw Error("the answer to a listing is not a whole one");
  ListPage page;
  for (const std::string_view one : xml_elements(xml, "Contents")) {
    StoredObject object;
    object.name = decoded_name(xml_element(one, "Key").value_or(""));
    const std::string size = xml_element(one, "Size").value_or("");
    const auto [end, error] = std::from_chars(size.data(), size.data() + size.size(), object.size);
    if (object.name.empty() || error != std::errc{} || end != size.data() + size.size())
      throw Error("the answer to a listing has an object without a key or a size");
    page.listing.objects.push_back(std::move(object));
  }
  for (const std::string_view one : xml_elements(xml, "CommonPrefixes"))
    page.listing.below.push_back(decoded_name(xml_element(one, "Prefix").value_or("")));
  if (xml_element(xml, "IsTruncated") == "true") {
    page.next = xml_element(xml, "NextContinuationToken").value_or("");
    if (page.next.empty()) throw Error("the answer to a listing is cut, and does not say how to go on");
  }
  return page;
}

S3Failure failure_of(const HttpAnswer& answer) {
  S3Failure failure{answer.status, {}, {}, {}};
  failure.code = one_line(xml_element(answer.body, "Code").value_or(""));
  failure.message = one_line(xml_element(answer.body, "Message").value_or(""));
  const auto region = answer.headers.find("x-amz-bucket-region");
  failure.region = one_line(region != answer.headers.end() ? region->second
                                                           : xml_element(answer.body, "Region").value_or(""));
  return failure;
}

bool is_transient(const S3Failure& failure) {
  constexpr std::string_view kCodes[] = {
      "SlowDown",      "RequestTimeout",    "OperationAborted", "Throttling", "ConditionalRequestConflict",
      "InternalError", "ServiceUnavailable"};
  return (failure.status >= kServerError && failure.status < kFirstNoStatus &&
          failure.status != kNotImplemented) ||
         failure.status == kTooMany || std::ranges::find(kCodes, failure.code) != std::end(kCodes);
}

bool is_checksum_failure(const S3Failure& failure) {
  return failure.code == "XAmzContentSHA256Mismatch" || failure.code == "BadDigest" ||
         failure.code == "InvalidDigest";
}

void throw_failure(const std::string& object, const S3Failure& failure) {
  std::string words = failure.code;
  if (!failure.message.empty() && failure.message != failure.code)
    words += (words.empty() ? "" : ": ") + failure.message;
  const std::string what = fmt::format("{}: {}{}HTTP status {}{}", object, words, words.empty() ? "" : " (",
                                       failure.status, words.empty() ? "" : ")");
  if (failure.code == "NoSuchBucket")
    throw UsageError(what, "make the bucket first, or mend url and endpoint in [store.NAME]");
  const bool elsewhere =
      failure.code == "PermanentRedirect" || failure.code == "AuthorizationHeaderMalformed" ||
      failure.code == "IllegalLocationConstraintException" || failure.status == 301 || failure.status == 307;
  if (elsewhere)
    throw UsageError(what,
                     failure.region.empty()
                         ? "the bucket is in another region, or behind another endpoint"
                         : fmt::format("the bucket is in another region: region = \"{}\"", failure.region));
  throw Error(what, hint_for(failure));
}

}  // namespace pgassay
