#include "nightly/http.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <memory>
#include <mutex>

#include "core/system/cancellation.h"
#include "core/system/error.h"

namespace pgassay {
namespace {

constexpr long kOk = 200, kRedirect = 300, kError = 400;

/// Of an answer's body nothing is wanted.
std::size_t discard(char*, std::size_t size, std::size_t count, void*) {
  return size * count;
}

int stop_asked(void* stop, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<const std::stop_token*>(stop)->stop_requested() ? 1 : 0;
}

struct Cleanup {
  void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
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
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  const std::unique_ptr<CURL, Cleanup> curl(curl_easy_init());
  if (!curl) throw Error("libcurl: out of memory");
  const std::unique_ptr<curl_slist, Cleanup> headers(
      curl_slist_append(nullptr, ("Content-Type: " + request.content_type).c_str()));
  char words[CURL_ERROR_SIZE] = "";
  CURL* const handle = curl.get();
  curl_easy_setopt(handle, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
  curl_easy_setopt(handle, CURLOPT_POSTFIELDS, request.body.data());
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(handle, CURLOPT_USERAGENT, "pgassay");
  curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout_seconds * 1000));
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, discard);
  curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, words);
  curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, stop_asked);
  curl_easy_setopt(handle, CURLOPT_XFERINFODATA, const_cast<std::stop_token*>(&stop));
  if (!request.ca_file.empty()) curl_easy_setopt(handle, CURLOPT_CAINFO, request.ca_file.c_str());
  const CURLcode done = curl_easy_perform(handle);
  throw_if_stopped(stop);
  const std::string place = place_of(request.url);
  if (done != CURLE_OK) throw Error(fmt::format("{}: {}", place, *words ? words : curl_easy_strerror(done)));
  long status = 0;
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
  if (status >= kOk && status < kRedirect) return;
  if (status >= kRedirect && status < kError) {
    const char* where = nullptr;
    curl_easy_getinfo(handle, CURLINFO_REDIRECT_URL, &where);
    throw Error(fmt::format("{}: it sends us on to {} (HTTP status {})", place,
                            where ? place_of(where) : "nowhere", status),
                "name the place it leads to in the configuration");
  }
  throw Error(fmt::format("{}: HTTP status {}", place, status));
}

}  // namespace pgassay
