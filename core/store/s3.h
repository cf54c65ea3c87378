// A store in an S3 bucket: AWS, Ceph, MinIO and others that speak its REST API.
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <vector>

#include "core/http/client.h"
#include "core/store/s3_answer.h"
#include "core/store/s3_credentials.h"
#include "core/store/store.h"

namespace pgassay {

struct S3Settings {
  std::string bucket;
  std::string prefix;              ///< empty, or without '/' at both ends
  std::string endpoint;            ///< "https://host[:port]"; empty: AWS's, of the region
  std::string region;              ///< empty: AWS_REGION, AWS_DEFAULT_REGION, us-east-1
  std::optional<bool> path_style;  ///< absent: yes where an endpoint is named
  std::string ca_file;             ///< empty: the host's
  CredentialsFrom credentials{};
  Seconds stall{60};
  int attempts = 7;           ///< at what may pass
  Seconds first_pause{0.25};  ///< before something is tried again; then twice as long each time
};

/// Every PUT is signed with the SHA-256 of its body, has Content-MD5, and If-None-Match: *.
class S3Store : public Store {
 public:
  /// Reads the credentials. Throws UsageError.
  explicit S3Store(S3Settings settings);

  Put put_new(const std::string& name, const ObjectBody& body, const std::stop_token& stop) override;
  bool get(const std::string& name, const std::function<void(Bytes)>& sink,
           const std::stop_token& stop) override;
  std::optional<std::uint64_t> head(const std::string& name, const std::stop_token& stop) override;
  Listing list(const std::string& prefix, Depth depth, const std::stop_token& stop) override;
  bool remove(const std::string& name, const std::stop_token& stop) override;
  std::string where() const override;
  std::optional<Seconds> clock_ahead() const override;

 private:
  struct Request {
    std::string method, key;  ///< the key in the bucket; empty: the bucket
    std::map<std::string, std::string> query{}, headers{};
    std::string payload_sha{};
    std::optional<HttpUpload> upload{};
    std::function<void(Bytes)> sink{};
  };
  struct Done {
    HttpAnswer answer;
    bool was_repeated = false;  ///< an earlier attempt may have been done, though its answer was lost
  };
  class Lease;
  std::string key_of(const std::string& name) const;
  std::string object(const std::string& name) const;
  HttpRequest signed_request(const Request& request);
  HttpAnswer once(const Request& request, const std::stop_token& stop);
  /// Tries again what may pass. An answer that stays transient is thrown; any other is given back.
  Done perform(const Request& request, const std::string& object, const std::stop_token& stop,
               const std::function<void(Request&)>& before_again = {});
  bool mend_after(const S3Failure& failure);
  void note_clock(const HttpAnswer& answer);
  bool same_content(const std::string& name, const ObjectBody& body, const std::stop_token& stop);

  const S3Settings settings_;
  std::string region_, scheme_, host_;
  bool path_style_;
  std::mutex mutex_;
  Credentials credentials_;
  std::vector<HttpClient> idle_;
  std::atomic<std::int64_t> ahead_ = 0;  ///< seconds that the server's clock is ahead
  std::atomic<bool> clock_known_ = false, skew_counts_ = false;
};

}  // namespace pgassay
