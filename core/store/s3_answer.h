// What an S3 server writes: the two kinds of XML that we read, and what its errors mean.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/http/http.h"
#include "core/store/store.h"

namespace pgassay {

/// What stands in <tag>…</tag>, entities resolved; of several the first. An element that holds others comes
/// as its text.
std::optional<std::string> xml_element(std::string_view xml, std::string_view tag);
/// Each of them, as it stands there.
std::vector<std::string_view> xml_elements(std::string_view xml, std::string_view tag);

struct ListPage {
  Listing listing;
  std::string next;  ///< the token of the next page; empty: this was the last
};
/// ListObjectsV2 with encoding-type=url. Throws Error when it is none.
ListPage parse_list(std::string_view xml);

struct S3Failure {
  int status = 0;
  std::string code, message;
  std::string region;  ///< in which the bucket is, where the server says so
};
S3Failure failure_of(const HttpAnswer& answer);
/// May pass by itself.
bool is_transient(const S3Failure& failure);
/// The body was not what its checksum says.
bool is_checksum_failure(const S3Failure& failure);
/// "OBJECT: CODE: message (HTTP status N)", with a hint; a UsageError where the configuration is to blame.
[[noreturn]] void throw_failure(const std::string& object, const S3Failure& failure);

}  // namespace pgassay
