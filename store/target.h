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
  unsigned number = 0;
  std::string identity;             ///< of the store key; empty: in clear
  std::optional<NamingKey> naming;  ///< nothing: nobody here knows it, so that no MAC can be checked
};
struct Rekeyed {
  std::vector<unsigned> wrapped_again;  ///< store keys
  std::optional<unsigned> made;         ///< the new one
};
/// With an identity that opens them, every store key's secret half is stored once more, encrypted to these
/// recipients. With `make_new` a new store key is made, and what is pushed from then on is encrypted to it:
/// who is no recipient any more reads nothing of that. Throws UsageError when the store was not set up,
/// Refused when it is in clear or its key is not known here, Unverified, Locked.
Rekeyed rekey(Store& store, const Repository& repository, const std::vector<std::string>& recipients,
              const Path& identity_file, bool make_new, const std::stop_token& stop);

/// Of the store keys whose number is given, or of all, the first that the identity opens, in the order in
/// which they were stored: whoever can write to the store can add one, which is encrypted to the same
/// recipients, and must not be believed before the older ones. So an identity is asked more than once when it
/// does not open the first. `identity_file` may be empty for a store in clear. Throws Unverified, BadBackup.
Opened open_key(Store& store, const std::string& repository, std::optional<unsigned> number,
                const Path& identity_file, const std::stop_token& stop);

}  // namespace pgassay::store
