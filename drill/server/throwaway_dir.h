// The private directory of one throwaway server, and the marker in it by which others know whether its run
// still lives: its flock, which dies with the process, and not a pid, which another process may have by then.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/system/clock.h"
#include "core/system/fd.h"
#include "core/system/observer.h"
#include "drill/server/throwaway_server.h"

namespace pgassay::drill {

class ThrowawayDir {
 public:
  /// Below request.work_dir, else TMPDIR, else /var/tmp. With traversable others may pass through it (mode
  /// 0711), for a server of another user inside.
  ThrowawayDir(Engine engine, const ThrowawayRequest& request, bool traversable, Observer& observer);
  ThrowawayDir(const ThrowawayDir&) = delete;
  ~ThrowawayDir();  ///< removes it, unless left or kept

  const Path& path() const { return path_; }
  std::string name() const { return path_.filename(); }  ///< unique on this host: also the container's
  Path socket_dir() const { return path_ / "socket"; }   ///< not made yet
  void leave() { leave_ = true; }  ///< for the next gc: something in it could not be ended
  void keep_until(Time expiry);

 private:
  Path path_;
  Fd lock_;
  bool leave_ = false;
  Observer& observer_;
};

/// Where throwaway directories are made, and where else gc looks for them.
Path throwaway_base(const Path& work_dir);
std::vector<Path> throwaway_bases(const Path& work_dir);

/// One whose run is dead, or whose time as a kept one is over. While this lives, nobody else takes it.
struct AbandonedDir {
  Path path;
  Engine engine;
  std::string backup_id;
  bool kept;
  Fd lock;

  void remove() const;
};
/// Of this user, in that directory. Also removes, silently, what died before it had a name.
std::vector<AbandonedDir> abandoned_dirs(const Path& base);

enum class RunState { alive, kept, dead };
/// Of the run that made this directory: kept ones whose time is over are dead. One that is gone is dead.
RunState state_of(const Path& throwaway_dir);

}  // namespace pgassay::drill
