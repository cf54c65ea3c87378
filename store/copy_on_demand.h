// A backup in a store, read as if it were in a repository.
#pragma once

#include <optional>
#include <stop_token>

#include "core/repository/repository.h"
#include "store/reader.h"

namespace pgassay::store {

/// A repository of its own, in a new private directory, which holds this one backup: all but its rows. A file
/// of rows is fetched when it is opened, into a file without a name that goes with its descriptor; small
/// files, which share an object, stay once their object was fetched. So no disk need hold the backup, and
/// memory is that of a few buffers. Every object is compared with the commit object before it is read.
class CopyOnDemand {
 public:
  /// The reader must outlive it, and whatever was got from repository(). Throws BadBackup, Unverified.
  CopyOnDemand(Reader& reader, const Commit& commit, const Path& parent, const std::stop_token& stop);
  CopyOnDemand(const CopyOnDemand&) = delete;
  ~CopyOnDemand();  ///< removes the directory

  const Repository& repository() const { return *repository_; }

 private:
  Path dir_;
  std::optional<Repository> repository_;
};

}  // namespace pgassay::store
