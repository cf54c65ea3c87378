#include "core/system/disk_probe.h"

#include <sys/file.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <tuple>

#include "core/system/beneath.h"
#include "core/system/error.h"

namespace pgassay {
namespace {

/// Removed whatever happens.
struct Removed {
  Place dir;
  ~Removed() {
    try {
      remove_tree(dir);
    } catch (const Error&) {
      // The next run's clear_debris() tries again.
    }
  }
};

class Probe {
 public:
  explicit Probe(const Place& dir) : dir_(dir), removed_{dir} {
    make_private_dirs(dir_);
    open_ = open_directory(dir_);
    // Held to the end, for what nobody holds is debris.
    locked_ = lock(open_);
    for (const char* name : {"one", "other", "lock"}) write_new_file(dir_ / name, "x");
  }
  Probe(const Probe&) = delete;

  DiskTraits look() const {
    const int at = open_.get();
    DiskTraits traits;
    traits.links = uninterrupted([&] { return ::linkat(at, "one", at, "link", 0); }) == 0;
    traits.renames_over = uninterrupted([&] { return ::renameat(at, "one", at, "other"); }) == 0;
    traits.flushes_directories = uninterrupted([&] { return ::fsync(at); }) == 0;
    traits.modes = takes_a_mode();
    const Fd file = open_regular(dir_ / "lock", O_RDWR);
    traits.locks_files = lock(file) && is_seen_locked("lock", O_RDWR);
    traits.locks_directories = locked_ && is_seen_locked(".", O_RDONLY | O_DIRECTORY);
    write_new_file(dir_ / "Fold", "x");
    traits.folds_case = exists(dir_ / "fold");
    struct statvfs status;
    if (::fstatvfs(at, &status) == 0) {
      traits.inodes = status.f_files;
      traits.free_inodes = status.f_favail;
    }
    return traits;
  }

 private:
  bool takes_a_mode() const {
    const Fd fd = open_regular(dir_ / "lock", O_RDWR);
    constexpr mode_t kOther = 0640, kOurs = 0600;
    const auto takes = [&](mode_t mode) {
      return uninterrupted([&] { return ::fchmod(fd.get(), mode); }) == 0 &&
             (status_of_open(fd, dir_).st_mode & 07777) == mode;
    };
    return takes(kOther) && takes(kOurs);
  }

  static bool lock(const Fd& fd) {
    return uninterrupted([&] { return ::flock(fd.get(), LOCK_EX | LOCK_NB); }) == 0;
  }

  /// Another process must find it locked: where locks are the process's own, another descriptor of ours would
  /// not.
  bool is_seen_locked(const char* name, int flags) const {
    const pid_t child = ::fork();
    if (child < 0) throw_errno("can't fork, to try locks in", dir_.string());
    if (child == 0) {
      const int own = uninterrupted([&] { return ::openat(open_.get(), name, flags | O_CLOEXEC); });
      const bool locked = own >= 0 && uninterrupted([&] { return ::flock(own, LOCK_EX | LOCK_NB); }) != 0 &&
                          errno == EWOULDBLOCK;
      ::_exit(locked ? 0 : 1);
    }
    int ended = 0;
    uninterrupted([&] { return ::waitpid(child, &ended, 0); });
    return WIFEXITED(ended) && WEXITSTATUS(ended) == 0;
  }

  const Place& dir_;
  const Removed removed_;
  Fd open_;
  bool locked_ = false;
};

}  // namespace

bool on_one_mount(const Place& one, const Place& other) {
  const auto mount_of = [](const Place& place) {
    const Fd fd = open_path(place);
    struct statx status {};
    if (::statx(fd.get(), "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_MNT_ID, &status) != 0)
      throw_errno("can't read the status of", place.string());
    // Before Linux 5.8 the mount is 0 of all; btrfs has several devices in one.
    const bool known = (status.stx_mask & STATX_MNT_ID) != 0;
    return std::tuple(known ? status.stx_mnt_id : 0, status.stx_dev_major, status.stx_dev_minor);
  };
  return mount_of(one) == mount_of(other);
}

DiskTraits probe_disk(const Place& dir) {
  constexpr int kAttempts = 10;
  for (int attempt = 1;; ++attempt) {
    try {
      return Probe(dir).look();
    } catch (const SystemError& error) {
      // Another run took it for debris, before it was locked or where it can't be.
      if (error.number() != ENOENT || attempt == kAttempts) error.raise();
    }
  }
}

}  // namespace pgassay
