#include "core/http/http.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>

#include "core/http/curl.h"
#include "core/system/cancellation.h"

namespace pgassay {
namespace {

constexpr long kOk = 200, kRedirect = 300, kError = 400;

/// Of an answer's body nothing is wanted.
std::size_t discard(char*, std::size_t size, std::size_t count, void*) {
  return size * count;
}

/// Past what is kept the transfer is ended.
std::size_t keep_body(char* data, std::size_t size, std::size_t count, void* to) {
  auto& answer = *static_cast<HttpAnswer*>(to);
  const std::size_t room = HttpAnswer::kLongestBody - answer.body.size();
  answer.body.append(data, std::min(size * count, room));
  answer.cut = size * count > room;
  return answer.cut ? 0 : size * count;
}

std::size_t keep_header(char* data, std::size_t size, std::size_t count, void* to) {
  keep_header_line({data, size * count}, static_cast<HttpAnswer*>(to)->headers);
  return size * count;
}

int stop_asked(void* stop, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<const std::stop_token*>(stop)->stop_requested() ? 1 : 0;
}

/// What both kinds of requests have in common.
class Transfer {
 public:
  Transfer(const std::string& url, Seconds timeout, const std::string& ca_file, const std::stop_token& stop)
      : url_(url), stop_(stop) {
    curl_ = new_curl();
    set(CURLOPT_URL, url.c_str());
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_USERAGENT, "pgassay");
    set(CURLOPT_TIMEOUT_MS, std::max(1L, static_cast<long>(timeout.count() * 1000)));
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_ERRORBUFFER, words_);
    set(CURLOPT_NOPROGRESS, 0L);
    set(CURLOPT_XFERINFOFUNCTION, stop_asked);
    set(CURLOPT_XFERINFODATA, const_cast<std::stop_token*>(&stop_));
    if (!ca_file.empty()) set(CURLOPT_CAINFO, ca_file.c_str());
  }

  template <class Value>
  void set(CURLoption option, Value value) {
    curl_easy_setopt(curl_.get(), option, value);
  }
  /// Throws Stopped.
  CURLcode perform() {
    const CURLcode done = curl_easy_perform(curl_.get());
    throw_if_stopped(stop_);
    return done;
  }
  NoHttpAnswer no_answer(CURLcode done) const {
    return {fmt::format("{}: {}", place_of(url_), *words_ ? words_ : curl_easy_strerror(done)),
            why_not(done)};
  }
  long status() const {
    long status = 0;
    curl_easy_getinfo(curl_.get(), CURLINFO_RESPONSE_CODE, &status);
    return status;
  }
  std::string redirect() const {
    const char* where = nullptr;
    curl_easy_getinfo(curl_.get(), CURLINFO_REDIRECT_URL, &where);
    return where != nullptr ? where : "";
  }

 private:
  const std::string& url_;
  const std::stop_token& stop_;
  CurlHandle curl_;
  char words_[CURL_ERROR_SIZE] = "";
};

}  // namespace

std::string place_of(const std::string& url) {
  const std::size_t scheme = url.find("://");
  const std::size_t host = scheme == std::string::npos ? 0 : scheme + 3;
  const std::string place = url.substr(0, url.find_first_of("/?#", host));
  const std::size_t user = place.rfind('@');
  return user == std::string::npos ? place : place.substr(0, host) + place.substr(user + 1);
}

void post(const HttpPost& request, const std::stop_token& stop) {
  Transfer transfer(request.url, request.timeout, request.ca_file, stop);
  const CurlList headers = curl_list({"Content-Type: " + request.content_type});
  transfer.set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
  transfer.set(CURLOPT_POSTFIELDS, request.body.data());
  transfer.set(CURLOPT_HTTPHEADER, headers.get());
  transfer.set(CURLOPT_WRITEFUNCTION, discard);
  if (const CURLcode done = transfer.perform(); done != CURLE_OK) throw transfer.no_answer(done);
  const std::string place = place_of(request.url);
  const long status = transfer.status();
  if (status >= kOk && status < kRedirect) return;
  if (status >= kRedirect && status < kError) {
    const std::string where = transfer.redirect();
    throw Error(fmt::format("{}: it sends us on to {} (HTTP status {})", place,
                            where.empty() ? "nowhere" : place_of(where), status),
                "name the place it leads to in the configuration");
  }
  throw Error(fmt::format("{}: HTTP status {}", place, status));
}

HttpAnswer get(const HttpGet& request, const std::stop_token& stop) {
  Transfer transfer(request.url, request.timeout, request.ca_file, stop);
  const CurlList connect_to = curl_list(request.connect_to);
  HttpAnswer answer;
  transfer.set(CURLOPT_CONNECT_TO, connect_to.get());
  // A proxy of the environment would be asked instead of the one that is meant.
  transfer.set(CURLOPT_PROXY, "");
  transfer.set(CURLOPT_SSL_VERIFYPEER, request.insecure ? 0L : 1L);
  transfer.set(CURLOPT_SSL_VERIFYHOST, request.insecure ? 0L : 2L);
  transfer.set(CURLOPT_NETRC, static_cast<long>(request.netrc ? CURL_NETRC_OPTIONAL : CURL_NETRC_IGNORED));
  transfer.set(CURLOPT_WRITEFUNCTION, keep_body);
  transfer.set(CURLOPT_WRITEDATA, &answer);
  transfer.set(CURLOPT_HEADERFUNCTION, keep_header);
  transfer.set(CURLOPT_HEADERDATA, &answer);
  const CURLcode done = transfer.perform();
  if (done != CURLE_OK && !answer.cut) throw transfer.no_answer(done);
  answer.status = static_cast<int>(transfer.status());
  answer.redirect = transfer.redirect();
  return answer;
}

}  // namespace pgassay
