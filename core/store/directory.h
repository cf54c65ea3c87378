// A store in a directory: another disk, NFS, CIFS, USB. It needs neither hard links nor modes.
#pragma once

#include "core/store/store.h"
#include "core/system/place.h"

namespace pgassay {

/// An object is a file of its name. Written beside under a hidden name, flushed, then renamed; where the file
/// system can't rename without replacing (NFS), two that put one name at the same instant may both be told
/// that it is stored.
class DirectoryStore : public Store {
 public:
  /// Throws UsageError when there is no such directory: it is never made, for a disk that is not mounted
  /// would be taken for an empty one.
  explicit DirectoryStore(const Path& root);

  Put put_new(const std::string& name, const ObjectBody& body, const std::stop_token& stop) override;
  bool get(const std::string& name, const std::function<void(Bytes)>& sink,
           const std::stop_token& stop) override;
  std::optional<std::uint64_t> head(const std::string& name, const std::stop_token& stop) override;
  Listing list(const std::string& prefix, Depth depth, const std::stop_token& stop) override;
  bool remove(const std::string& name, const std::stop_token& stop) override;
  std::string where() const override { return "file://" + root_.string(); }
  std::optional<Seconds> clock_ahead() const override { return std::nullopt; }

 private:
  Place root_;
};

}  // namespace pgassay
