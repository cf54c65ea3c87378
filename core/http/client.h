// HTTP with bodies that are streamed both ways, over connections that are kept.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "core/http/http.h"
#include "core/system/bytes.h"

namespace pgassay {

struct HttpUpload {
  /// Fills the buffer with the bytes from that offset on. It is asked again for some when a connection was
  /// lost.
  std::function<void(std::uint64_t offset, std::span<std::byte> buffer)> read;
  std::uint64_t size = 0;
};

struct HttpRequest {
  std::string method;                ///< GET, PUT, HEAD, DELETE, …
  std::string url;                   ///< percent-encoded; sent as it is
  std::vector<std::string> headers;  ///< "Name: value"
  std::optional<HttpUpload> upload{};
  /// Gets the body of a 2xx answer as it comes. What it throws ends the request, and goes on.
  std::function<void(Bytes)> sink{};
  /// Bytes that did not move for so long, in either direction, end it: NoHttpAnswer::Why::too_slow.
  Seconds stall{60};
  std::string ca_file{};  ///< empty: the host's
};

/// One request at a time; the next one goes over the same connection where the server keeps it. A proxy is
/// taken from the environment, as curl does (https_proxy, no_proxy, …). http and https only, no redirect is
/// followed.
class HttpClient {
 public:
  HttpClient();
  ~HttpClient();
  HttpClient(HttpClient&&) noexcept;
  /// Whatever the status; the body of one that is not 2xx, or without a sink, is in the answer. Throws
  /// NoHttpAnswer without the URL's path, Stopped.
  HttpAnswer exchange(const HttpRequest& request, const std::stop_token& stop);

 private:
  struct Handle;
  std::unique_ptr<Handle> handle_;
};

}  // namespace pgassay
