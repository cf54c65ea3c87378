#include "core/http/client.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <exception>

#include "core/http/curl.h"
#include "core/system/cancellation.h"

namespace pgassay {
namespace {

constexpr std::size_t kLongestErrorBody = 64 * 1024;
constexpr long kConnectSeconds = 20, kFirstGood = 200, kFirstOther = 300;

/// One request while libcurl calls back. No exception may go through libcurl: it waits here.
struct Exchange {
  const HttpRequest& request;
  const std::stop_token& stop;
  CURL* curl;
  HttpAnswer answer;
  std::uint64_t sent = 0;
  std::exception_ptr failure;

  bool is_good() const {
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    return status >= kFirstGood && status < kFirstOther;
  }
};

std::size_t on_body(char* data, std::size_t size, std::size_t count, void* to) {
  auto& exchange = *static_cast<Exchange*>(to);
  const std::size_t bytes = size * count;
  try {
    const bool streamed = exchange.request.sink && exchange.is_good();
    if (streamed) {
      exchange.request.sink(std::as_bytes(std::span(data, bytes)));
      return bytes;
    }
    const std::size_t most = exchange.is_good() ? HttpAnswer::kLongestBody : kLongestErrorBody;
    const std::size_t room = most - std::min(most, exchange.answer.body.size());
    exchange.answer.body.append(data, std::min(bytes, room));
    exchange.answer.cut |= bytes > room;
    return bytes;
  } catch (...) {
    exchange.failure = std::current_exception();
    return 0;
  }
}

std::size_t on_header(char* data, std::size_t size, std::size_t count, void* to) {
  keep_header_line({data, size * count}, static_cast<Exchange*>(to)->answer.headers);
  return size * count;
}

std::size_t on_send(char* buffer, std::size_t size, std::size_t count, void* from) {
  auto& exchange = *static_cast<Exchange*>(from);
  const HttpUpload& upload = *exchange.request.upload;
  const std::size_t bytes = std::min<std::uint64_t>(size * count, upload.size - exchange.sent);
  try {
    upload.read(exchange.sent, std::as_writable_bytes(std::span(buffer, bytes)));
  } catch (...) {
    exchange.failure = std::current_exception();
    return CURL_READFUNC_ABORT;
  }
  exchange.sent += bytes;
  return bytes;
}

/// libcurl begins anew when a connection that was kept turns out to be gone.
int on_seek(void* from, curl_off_t offset, int origin) {
  if (origin != SEEK_SET) return CURL_SEEKFUNC_CANTSEEK;
  static_cast<Exchange*>(from)->sent = static_cast<std::uint64_t>(offset);
  return CURL_SEEKFUNC_OK;
}

int is_stopped(void* from, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<const Exchange*>(from)->stop.stop_requested() ? 1 : 0;
}

}  // namespace

struct HttpClient::Handle {
  CurlHandle curl = new_curl();
  char words[CURL_ERROR_SIZE] = "";

  template <class Value>
  void set(CURLoption option, Value value) {
    curl_easy_setopt(curl.get(), option, value);
  }
  void prepare(const HttpRequest& request, Exchange& exchange);
};

void HttpClient::Handle::prepare(const HttpRequest& request, Exchange& exchange) {
  curl_easy_reset(curl.get());  // connections stay
  words[0] = '\0';
  set(CURLOPT_URL, request.url.c_str());
  set(CURLOPT_PATH_AS_IS, 1L);
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_USERAGENT, "pgassay");
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_ERRORBUFFER, words);
  set(CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
  set(CURLOPT_LOW_SPEED_LIMIT, 1L);
  set(CURLOPT_LOW_SPEED_TIME, std::max(1L, static_cast<long>(request.stall.count())));
  set(CURLOPT_NOPROGRESS, 0L);
  set(CURLOPT_XFERINFOFUNCTION, is_stopped);
  set(CURLOPT_XFERINFODATA, &exchange);
  set(CURLOPT_WRITEFUNCTION, on_body);
  set(CURLOPT_WRITEDATA, &exchange);
  set(CURLOPT_HEADERFUNCTION, on_header);
  set(CURLOPT_HEADERDATA, &exchange);
  if (!request.ca_file.empty()) set(CURLOPT_CAINFO, request.ca_file.c_str());
  if (request.upload) {
    set(CURLOPT_UPLOAD, 1L);
    set(CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(request.upload->size));
    set(CURLOPT_READFUNCTION, on_send);
    set(CURLOPT_READDATA, &exchange);
    set(CURLOPT_SEEKFUNCTION, on_seek);
    set(CURLOPT_SEEKDATA, &exchange);
  }
  if (request.method == "HEAD") set(CURLOPT_NOBODY, 1L);
  set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
}

HttpClient::HttpClient() : handle_(std::make_unique<Handle>()) {}
HttpClient::~HttpClient() = default;
HttpClient::HttpClient(HttpClient&&) noexcept = default;

HttpAnswer HttpClient::exchange(const HttpRequest& request, const std::stop_token& stop) {
  CURL* const curl = handle_->curl.get();
  Exchange exchange{request, stop, curl, {}, 0, {}};
  handle_->prepare(request, exchange);
  const CurlList headers = curl_list(request.headers);
  handle_->set(CURLOPT_HTTPHEADER, headers.get());
  const CURLcode done = curl_easy_perform(curl);
  handle_->set(CURLOPT_HTTPHEADER, static_cast<curl_slist*>(nullptr));
  throw_if_stopped(stop);
  if (exchange.failure) std::rethrow_exception(exchange.failure);
  if (done != CURLE_OK) {
    const char* const words = *handle_->words ? handle_->words : curl_easy_strerror(done);
    throw NoHttpAnswer(fmt::format("{}: {}", place_of(request.url), words), why_not(done));
  }
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  exchange.answer.status = static_cast<int>(status);
  return std::move(exchange.answer);
}

}  // namespace pgassay
