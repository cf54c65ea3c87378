// What a repository knows of its stores, below REPO/.stores: the naming key, each store's public key, and a
// journal of what was sent there.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "core/repository/repository.h"
#include "store/commit.h"

namespace pgassay::store {

/// Of one store, which its own id names: a setting that leads to another store leads to another journal.
struct KnownStore {
  unsigned key = 0;       ///< what is sent is encrypted to this store key; 0: it is in clear
  std::string recipient;  ///< the public half; it is believed from here alone
};

class LocalState {
 public:
  explicit LocalState(const Repository& repository) : dir_(repository.root() / ".stores") {}

  /// Made where there is none.
  NamingKey naming_key() const;
  std::optional<NamingKey> naming_key_if_there() const;
  std::optional<KnownStore> known(const std::string& store_id) const;
  void remember(const std::string& store_id, const KnownStore& known) const;

  /// Held by a push. Throws Locked.
  Fd lock(const std::string& store_id) const;
  /// By the identity of what an object holds (Sha256 of a file, or of a pack's list), the objects that were
  /// stored. A line that a crash cut is no line.
  std::map<std::string, Bound> sent(const std::string& store_id, unsigned key) const;
  void add_sent(const std::string& store_id, unsigned key, const std::string& what,
                const Bound& object) const;

 private:
  Place dir_;
};

}  // namespace pgassay::store
