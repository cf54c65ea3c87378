// One HTTP request, through libcurl. http and https only; no redirect is followed.
#pragma once

#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/system/clock.h"
#include "core/system/error.h"

namespace pgassay {

namespace http {
inline constexpr int kOk = 200, kUnauthorized = 401, kForbidden = 403, kNotFound = 404;
}

struct HttpPost {
  std::string url, body, content_type;
  Seconds timeout{10};
  std::string ca_file;  ///< empty: the host's
};

/// Done when the answer is 2xx: a redirect would turn a POST into a GET. Throws Error without the URL's path,
/// Stopped.
void post(const HttpPost& request, const std::stop_token& stop);

struct HttpGet {
  std::string url;
  Seconds timeout{10};    ///< of the whole, connecting included
  std::string ca_file;    ///< empty: the host's
  bool insecure = false;  ///< believe any certificate
  /// "HOST:PORT:ADDRESS:PORT": who is asked when the URL names the first two; Host header and certificate
  /// stay those of the URL (curl's --connect-to).
  std::vector<std::string> connect_to;
  bool netrc = false;  ///< user and password of ~/.netrc, where it has the host
};

struct HttpAnswer {
  int status = 0;
  std::map<std::string, std::string> headers;  ///< names in lower case; of several the last
  std::string body;                            ///< its first kLongestBody bytes
  bool cut = false;                            ///< there was more
  std::string redirect;                        ///< where a 3xx leads, with scheme and host; empty: nowhere

  static constexpr std::size_t kLongestBody = std::size_t{8} << 20;
};

/// Nobody answered, or not in HTTP.
class NoHttpAnswer : public ErrorAs<NoHttpAnswer, ErrorKind::no_http_answer> {
 public:
  enum class Why { unknown_host, unreachable, too_slow, certificate, other };
  NoHttpAnswer(const std::string& what, Why why) : ErrorAs(what), why_(why) {}
  Why why() const { return why_; }

 private:
  Why why_;
};

/// Whatever the status. Throws NoHttpAnswer without the URL's path, Stopped.
HttpAnswer get(const HttpGet& request, const std::stop_token& stop);

/// https://host:port of a URL.
std::string place_of(const std::string& url);

}  // namespace pgassay
