// AWS Signature Version 4, in the Authorization header
// (https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html).
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "core/system/clock.h"

namespace pgassay {

struct Credentials {
  std::string key_id, secret;
  std::string session_token;  ///< empty: these are for good
  friend bool operator==(const Credentials&, const Credentials&) = default;
};

struct SignedParts {
  std::string method, host;
  std::string path;                            ///< not encoded, begins with '/'
  std::map<std::string, std::string> query;    ///< not encoded
  std::map<std::string, std::string> headers;  ///< names in lower case; all of them are signed
  std::string payload_sha;                     ///< 64 digits
};

/// All bytes but A-Z a-z 0-9 - . _ ~ become %XX. With `keep_slash` '/' stays, too.
std::string uri_encode(std::string_view text, bool keep_slash);
/// %XX back to bytes; a '+' stays.
std::string uri_decode(std::string_view text);
/// As it is signed and sent: sorted, encoded, NAME= where the value is empty.
std::string canonical_query(const std::map<std::string, std::string>& query);

/// The headers that go with the request beside host: those of the parts, x-amz-date, x-amz-content-sha256,
/// x-amz-security-token where there is one, and authorization.
std::map<std::string, std::string> sign(const SignedParts& parts, const Credentials& credentials,
                                        const std::string& region, Time at);

}  // namespace pgassay
