// Copies a backup of the repository into a store.
#pragma once

#include <stop_token>
#include <string>

#include "core/repository/repository.h"
#include "core/store/store.h"
#include "core/system/observer.h"
#include "store/commit.h"

namespace pgassay::store {

struct PushOptions {
  std::string name;  ///< of the store, as the evidence is to have it
  unsigned jobs = 4;
  bool encrypted = false;  ///< the configuration names recipients: a store in clear is refused
  bool dry_run = false;
  Path sign_key = {};  ///< an SSH key that commit objects are signed with; empty: none
  std::string tool_version;
};

struct Pushed {
  BackupId id;
  bool was_there = false;                            ///< it has its commit object already; nothing was sent
  std::uint64_t objects_sent = 0, bytes_sent = 0;    ///< with dry_run: of the files, unencrypted
  std::uint64_t objects_known = 0, bytes_known = 0;  ///< that were there already
};

/// Rows first, in objects of their own or in packs of small ones, then one pack of all other files, then a
/// look at what was sent, and last the commit object: that is the publishing. Then evidence of it is stored
/// beside the backup, and where there is none also of a copy that was there already. What the journal says
/// was sent, and the store lists with its size, is not sent again, so that a push goes on where another one
/// was killed. A file that is not what the manifest says is never sent. Throws BadBackup, Locked, Refused,
/// UsageError when the store was not set up, Stopped.
Pushed push(Store& store, const Repository& repository, const Backup& backup, const PushOptions& options,
            Observer& observer, const std::stop_token& stop);

}  // namespace pgassay::store
