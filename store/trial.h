// What a store promises, tried with real requests.
#pragma once

#include <string>
#include <vector>

#include "core/store/store.h"

namespace pgassay::store {

struct Promise {
  enum class Kept { yes, no, necessary_and_no };
  std::string name;
  Kept kept = Kept::yes;
  std::string detail, hint;
};

/// Puts objects below UUID/check/, and removes them where it may. In this order: write, read, list,
/// create-only, checksum, delete, clock. Throws Error when the store can't be reached or written to at all.
std::vector<Promise> try_store(Store& store, const std::string& repository, const std::stop_token& stop);

}  // namespace pgassay::store
