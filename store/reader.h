// What is in a store, and its objects' bytes, checked.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/repository/repository.h"
#include "core/store/store.h"
#include "store/commit.h"
#include "store/target.h"

namespace pgassay::store {

/// A backup in a store.
struct Copy {
  std::string repository;
  BackupId id;
  std::optional<Commit> commit;  ///< absent: `problem` says why
  std::string problem;
  bool is_newer = false;         ///< the problem: a newer pgassay wrote it
  bool is_sealed_by_us = false;  ///< its MAC was checked
  std::string signer;            ///< of `allowed_signers`; empty: nobody was asked for
};

struct ReaderOptions {
  Path identity_file;    ///< empty: none
  Path allowed_signers;  ///< commit objects that none of them signed are unusable; empty: nobody need have
  /// Knows its own naming key, so that MACs are checked without an identity. Null: there is no repository
  /// here.
  const Repository* local = nullptr;
};

/// All may be called from any thread. The identity is asked for once for each store key that is needed.
class Reader {
 public:
  Reader(Store& store, ReaderOptions options) : store_(store), options_(std::move(options)) {}

  /// Sorted by source, database, stamp, of all repositories in the store. Commit objects that are damaged, or
  /// not written by their repository, are in it with their problem.
  std::vector<Copy> list(const Repository::Filter& filter, const std::stop_token& stop);
  /// As Repository::find(); "latest" is never one whose commit object can't be read. Throws UsageError,
  /// BadBackup.
  Copy find(const std::string& id, const Repository::Filter& filter, const std::stop_token& stop);

  /// The object's bytes as they are stored, in an anonymous file. Throws BadBackup when it is missing, or not
  /// what the commit object names.
  Fd fetch(const Bound& object, const std::stop_token& stop);
  /// The same, decrypted. Throws Unverified for want of an identity.
  Fd open(const Commit& commit, const Bound& object, const std::stop_token& stop);
  Store& store() { return store_; }

 private:
  const Opened& key_of(const std::string& repository, unsigned number, const std::stop_token& stop);
  /// Of the repository here, else of the oldest store key that the identity opens; nothing: nobody here knows
  /// it.
  std::optional<NamingKey> naming_of(const std::string& repository, unsigned key,
                                     const std::stop_token& stop);
  const Opened& first_key(const std::string& repository, const std::stop_token& stop);

  Store& store_;
  ReaderOptions options_;
  std::mutex mutex_;
  std::map<std::pair<std::string, unsigned>, Opened> keys_;
  std::map<std::string, unsigned> first_keys_;  ///< of each repository
};

/// What is wrong with the stored objects of a backup: missing, size, sha256. Nothing is decrypted.
std::vector<Finding> check_bytes(Reader& reader, const Commit& commit, unsigned jobs, Observer& observer,
                                 const std::stop_token& stop);

}  // namespace pgassay::store
