// How objects of a repository are named in a store (docs/stores.md).
#pragma once

#include <optional>
#include <string>

#include "core/repository/manifest.h"
#include "core/store/store.h"

namespace pgassay::store {

inline constexpr std::string_view kMarkerFile = "store.json", kCommitFile = "commit.json";

std::string marker_name(const std::string& repository);
/// The secret half of a store key, encrypted to recipients: keys/1.age; encrypted again to others,
/// keys/1.2.age.
struct WrappedKey {
  unsigned number = 0, edition = 1;
  friend auto operator<=>(const WrappedKey&, const WrappedKey&) = default;
};
std::string key_name(const std::string& repository, const WrappedKey& key);
/// All that are in the store, sorted.
std::vector<WrappedKey> wrapped_keys(Store& store, const std::string& repository,
                                     const std::stop_token& stop);
std::string parts_prefix(const std::string& repository);
std::string backups_prefix(const std::string& repository);
/// UUID/backups/SOURCE/DATABASE/STAMP/
std::string store_home_of(const std::string& repository, const BackupId& id);
std::string commit_name(const std::string& repository, const BackupId& id);
/// What a commit object's name says; nothing: it is no such name.
std::optional<BackupId> id_in(const std::string& name, const std::string& repository);
/// parts/ab/abcdef…-RANDOM, never twice the same.
std::string new_part_name(const std::string& repository, const std::string& digits,
                          const std::string& suffix);
/// Every repository that has something in the store.
std::vector<std::string> repositories_in(Store& store, const std::stop_token& stop);

}  // namespace pgassay::store
