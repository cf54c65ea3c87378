// One HTTP request, through libcurl.
#pragma once

#include <stop_token>
#include <string>

namespace pgassay {

struct HttpPost {
  std::string url, body, content_type;
  double timeout_seconds = 10;
  std::string ca_file;  ///< empty: the host's
};

/// Done when the answer is 2xx. http and https only; a redirect is not followed: it would turn a POST into a
/// GET. Throws Error without the URL's path, Stopped.
void post(const HttpPost& request, const std::stop_token& stop);

/// https://host:port of a URL.
std::string place_of(const std::string& url);

}  // namespace pgassay
