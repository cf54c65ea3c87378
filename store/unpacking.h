// Files of a backup out of the objects of a store.
#pragma once

#include <map>
#include <stop_token>
#include <string>
#include <vector>

#include "core/repository/manifest.h"
#include "store/reader.h"

namespace pgassay::store {

/// Writes all files but the rows below dir: manifest, schema, roles, inventory, evidence. Each is compared
/// with the manifest, and the manifest with the commit object. Throws BadBackup, Unverified.
class Unpacked {
 public:
  Unpacked(Reader& reader, const Commit& commit, const Place& dir, const std::stop_token& stop);

  const Manifest& manifest() const { return manifest_; }
  /// The objects that hold its rows, each with the files in it; every file is one of the manifest's.
  const std::vector<std::pair<Bound, std::vector<Placed>>>& rows() const { return rows_; }
  std::uint64_t bytes_of_rows() const;

 private:
  void compare_index(const std::vector<Placed>& placed, const std::string& where);
  Manifest manifest_;
  std::vector<std::pair<Bound, std::vector<Placed>>> rows_;
};

/// Is the object one file, and no pack?
bool is_one_file(const std::vector<Placed>& files);
/// Writes these files of the object below dir, in the place of what is there. Throws BadBackup when one is
/// not what its SHA-256 says.
void unpack_object(Reader& reader, const Commit& commit, const Bound& object,
                   const std::vector<Placed>& files, const Place& dir, const std::stop_token& stop);

}  // namespace pgassay::store
