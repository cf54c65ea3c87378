#pragma once

#include <memory>
#include <optional>
#include <string>

#include "core/store/store.h"
#include "core/system/fd.h"

namespace pgassay {

/// What [store.NAME] says of the place, or a URL alone.
struct StoreAt {
  std::string url;                     ///< s3://BUCKET[/PREFIX], file:///DIRECTORY
  std::string endpoint{}, region{};    ///< of S3
  std::optional<bool> path_style{};    ///< of S3
  Path credentials_file{}, ca_file{};  ///< of S3; empty: from the environment, the host's
};

/// Throws UsageError when the URL is none of ours, or nothing can be there.
std::unique_ptr<Store> open_store(const StoreAt& at);
/// The same without reaching for it: is it a URL of a store? Throws UsageError.
void check_store_url(const std::string& url);

}  // namespace pgassay
