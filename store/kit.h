// What to print and keep for the day when the server, and pgassay, are gone.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "core/repository/repository.h"
#include "core/store/open_store.h"
#include "core/store/store.h"

namespace pgassay::store {

/// The script of docs/stores.md that gives a backup's directory back out of a copy of the objects.
extern const char* const kFetchScript;

/// Where the store is, its recipients, its store keys as they lie there (encrypted to the recipients),
/// commands with pgassay, and the script without. It holds no secret in clear, and no credentials of S3.
/// Throws UsageError when the store was not set up for this repository.
std::string recovery_kit(Store& store, const StoreAt& at, const std::vector<std::string>& recipients,
                         const Repository& repository, const std::string& tool_version,
                         const std::stop_token& stop);

}  // namespace pgassay::store
