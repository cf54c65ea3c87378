// A store as a repository has set it up: store.json below the repository's id, and the store key.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "core/repository/repository.h"
#include "core/store/store.h"
#include "store/local_state.h"

namespace pgassay::store {

/// UUID/store.json
struct Marker {
  std::string store_id, repository;
  Time made;
  bool encrypted = false;
};
/// Nothing: this repository has not been set up in the store. Throws BadBackup, Unverified when a newer
/// pgassay wrote it.
std::optional<Marker> read_marker(Store& store, const std::string& repository, const std::stop_token& stop);

struct Initialised {
  Marker marker;
  std::string recipient;  ///< of the store key; empty: in clear
  bool was_there = false;
};
/// Makes the store key, stores its secret half encrypted to the recipients and forgets it; then store.json.
/// Without recipients the store is in clear. Done already, it changes nothing. Throws Refused when the store
/// is encrypted and this repository does not know its key, or the other way round.
Initialised init(Store& store, const Repository& repository, const std::vector<std::string>& recipients,
                 const std::stop_token& stop);

/// The secrets that read a store's objects.
struct Opened {
  std::string identity;             ///< of the store key; empty: in clear
  std::optional<NamingKey> naming;  ///< nothing: nobody here knows it, so that no MAC can be checked
};
/// Asks the identity once. `identity_file` may be empty for a store in clear. Throws Unverified.
Opened open_key(Store& store, const std::string& repository, unsigned key, const Path& identity_file,
                const std::stop_token& stop);

}  // namespace pgassay::store
