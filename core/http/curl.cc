#include "core/http/curl.h"

#include <algorithm>
#include <cctype>
#include <mutex>

namespace pgassay {

CurlHandle new_curl() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  CurlHandle curl(curl_easy_init());
  if (!curl) throw Error("libcurl: out of memory");
  return curl;
}

CurlList curl_list(const std::vector<std::string>& lines) {
  CurlList list;
  for (const std::string& line : lines) {
    curl_slist* const longer = curl_slist_append(list.get(), line.c_str());
    if (longer == nullptr) throw Error("libcurl: out of memory");
    (void)list.release();
    list.reset(longer);
  }
  return list;
}

NoHttpAnswer::Why why_not(CURLcode done) {
  switch (done) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return NoHttpAnswer::Why::unknown_host;
    case CURLE_COULDNT_CONNECT:
      return NoHttpAnswer::Why::unreachable;
    case CURLE_OPERATION_TIMEDOUT:
      return NoHttpAnswer::Why::too_slow;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
      return NoHttpAnswer::Why::certificate;
    default:
      return NoHttpAnswer::Why::other;
  }
}

void keep_header_line(std::string_view line, std::map<std::string, std::string>& headers) {
  if (line.starts_with("HTTP/")) headers.clear();
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return;
  std::string name(line.substr(0, colon)), value(line.substr(colon + 1));
  value.erase(0, std::min(value.size(), value.find_first_not_of(" \t")));
  value.resize(value.find_last_not_of(" \t\r\n") + 1);
  std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::tolower(c); });
  headers[name] = value;
}

}  // namespace pgassay
