// Last night's backup of the same database: its page boundaries are kept, and its equal parts become hard
// links.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/repository/repository.h"

namespace pgassay::backup {

class PreviousBackup {
 public:
  /// Leases it, so that prune leaves it alone meanwhile. `share`: false stores every part anew.
  PreviousBackup(const Repository& repository, Backup backup, bool share);

  const Manifest& manifest() const { return manifest_; }
  const Backup& backup() const { return backup_; }
  bool shares() const { return share_; }

  /// Puts the old file in the place of the new one when both hold the same bytes, as read back now. True: it
  /// did. From any thread.
  bool take_place_of(const Place& new_dir, const Part& part);
  /// Old parts whose bytes were not what their manifest says.
  std::vector<Finding> rotten() const;

 private:
  Backup backup_;
  ReadLease lease_;
  Manifest manifest_;
  bool share_;
  std::map<std::string, Sha256> parts_;  ///< by file
  mutable std::mutex mutex_;
  std::vector<Finding> rotten_;
};

}  // namespace pgassay::backup
