// Last night's backup of the same database: its files that are the same today become hard links.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/repository/repository.h"

namespace pgassay::backup {

/// "… is of another server (system identifier …, here …)", or of another database of that name; empty: of the
/// same, as far as both say.
std::string origins_differ(const Manifest& before, const Manifest& now,
                           const std::set<std::string>& same_servers);

class PreviousBackup {
 public:
  /// Leases it, so that prune leaves it alone meanwhile. `share`: false stores every part anew.
  PreviousBackup(const Repository& repository, Backup backup, bool share);

  const Manifest& manifest() const { return manifest_; }
  const Backup& backup() const { return backup_; }
  bool shares() const { return share_; }

  /// Has it a part of these bytes, whatever its name? From any thread.
  bool may_have(const Part& part) const { return share_ && parts_.contains(part.sha); }
  /// Puts an old file in the place of the new one when both hold the same bytes, as read back now (each old
  /// file once). True: it did. For one thread.
  bool take_place_of(const Place& new_dir, const Part& part);
  /// The same for files that hold no rows. Two archives of a schema may differ in when they were made. True:
  /// it did, and `file` says what lies there now.
  bool take_place_of(const Place& new_dir, StoredFile& file);
  /// Old parts whose bytes were not what their manifest says.
  const std::vector<Finding>& rotten() const { return rotten_; }

 private:
  /// A link? One that is rotten is told of.
  bool became(Reuse reuse, const std::string& file);

  Backup backup_;
  ReadLease lease_;
  Manifest manifest_;
  bool share_;
  std::map<Sha256, std::vector<std::string>> parts_;  ///< their files
  std::map<std::string, Reuse> read_;                 ///< what came of it, by file
  std::vector<Finding> rotten_;
};

}  // namespace pgassay::backup
