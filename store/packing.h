// Which files of a backup go into which objects of a store.
#pragma once

#include <string>
#include <vector>

#include "core/repository/manifest.h"

namespace pgassay::store {

/// Files below this size share an object with others.
inline constexpr std::uint64_t kSmallFile = 256 * 1024;

/// What one object is to hold. More than one file: a tar archive whose members are named by their SHA-256.
struct Unit {
  std::vector<StoredFile> files;  ///< each content once, though several files may have it
  bool is_pack = false;
  std::uint64_t bytes() const;
  /// The same for the same contents: 64 digits.
  std::string identity() const;
};

/// All parts of tables and large objects. Small ones are put into buckets by their table's name, so that a
/// table that changes makes one pack anew, and not all. The number of buckets is a power of two, about one
/// for each 64 files.
std::vector<Unit> units_of(const Manifest& manifest);
/// The files that are no rows.
std::vector<StoredFile> other_files(const Manifest& manifest);

}  // namespace pgassay::store
