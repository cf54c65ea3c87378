// What every request through libcurl needs. Not a door: use core/http/http.h and core/http/client.h.
#pragma once

#include <curl/curl.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/http/http.h"

namespace pgassay {

struct CurlCleanup {
  void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using CurlHandle = std::unique_ptr<CURL, CurlCleanup>;
using CurlList = std::unique_ptr<curl_slist, CurlCleanup>;

CurlHandle new_curl();
CurlList curl_list(const std::vector<std::string>& lines);
NoHttpAnswer::Why why_not(CURLcode done);
/// A line of an answer's head. An interim answer's headers are followed by another status line, and
/// forgotten.
void keep_header_line(std::string_view line, std::map<std::string, std::string>& headers);

}  // namespace pgassay
