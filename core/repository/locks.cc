#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <thread>

#include "core/repository/directory_lock.h"
#include "core/repository/identity.h"
#include "core/repository/repository.h"

namespace pgassay {
namespace {

constexpr const char* kLockFile = ".lock";
constexpr std::size_t kLongestHolder = 4096;

/// Only a courtesy to whoever waits: a full disk must not keep prune from running.
void write_holder(const Fd& lock, const Place& file, std::string_view command) {
  const std::string holder =
      fmt::format("pid {} on {} since {}: {}\n", ::getpid(), host_name(), to_rfc3339(now()), command);
  try {
    if (::ftruncate(lock.get(), 0) == 0) write_all(lock.get(), as_bytes(holder), file.path());
  } catch (const Error&) {
  }
}

std::string read_holder(const Place& file) {
  try {
    std::string holder = read_file(file, kLongestHolder);
    while (!holder.empty() && holder.back() == '\n') holder.pop_back();
    if (!holder.empty()) return holder;
  } catch (const Error&) {
  }
  return "another run";
}

/// Nothing when there is no such directory any more.
std::optional<DirectoryLock> lock_unless_gone(const Backup& backup, LockMode mode) {
  try {
    return lock_directory(backup.dir, kBackupLease, mode);
  } catch (const SystemError& error) {
    if (error.number() == ENOENT) return std::nullopt;
    error.raise();
  }
}

/// A publisher holds the lock for an instant more than the rename; waiting is for that.
std::optional<DirectoryLock> lock_shared_soon(const Backup& backup) {
  using namespace std::chrono_literals;
  std::optional<DirectoryLock> lock;
  for (int attempt = 0; attempt < 20; ++attempt) {
    lock = lock_unless_gone(backup, LockMode::shared);
    if (!lock || lock->held != Held::by_another) break;
    std::this_thread::sleep_for(50ms);
  }
  return lock;
}

/// Who removes must know that nobody reads.
[[noreturn]] void throw_without_locks(const Place& dir) {
  throw Refused(
      fmt::format("{}: nothing can be locked on this file system, so who reads a backup is not known, and "
                  "none is removed",
                  dir.string()),
      "mount it with locks (NFS: without nolock), or remove backups by hand while nothing else runs");
}

}  // namespace

ReadLease Repository::lease(const Backup& backup) const {
  std::optional<DirectoryLock> lock = lock_shared_soon(backup);
  if (!lock || lock->held == Held::by_another || !exists(backup.dir)) {
    throw Locked(
        fmt::format("cannot read {}: prune {} it", backup.id.shown(), lock ? "is removing" : "removed"),
        "choose another: pgassay list");
  }
  return ReadLease(std::move(lock->fd), backup);
}

void ReadLease::throw_if_removed() const {
  if (!exists(dir_))
    throw Locked(id_.shown() + " was removed while it was read", "choose another: pgassay list");
}

PruneLock Repository::lock_for_prune(const std::string& source, const std::string& database) const {
  const Place dir = database_dir(source, database);
  make_private_dirs(dir);  // all may be filed under an alias
  DirectoryLock lock = lock_directory(dir, kPruneLease, LockMode::exclusive);
  if (lock.held == Held::impossible) throw_without_locks(dir);
  if (lock.held == Held::by_another) {
    throw Locked(fmt::format("{}/{} is being pruned by another run", source, database),
                 "wait for it to end; the lock goes with its process");
  }
  return PruneLock(std::move(lock.fd));
}

std::optional<RemovalLock> Repository::lock_for_removal(const Backup& backup) const {
  std::optional<DirectoryLock> lock = lock_unless_gone(backup, LockMode::exclusive);
  if (lock && lock->held == Held::impossible) throw_without_locks(backup.dir);
  // Moved to .trash/ between the two, it is no longer ours to remove.
  if (!lock || lock->held == Held::by_another || !exists(backup.dir)) return std::nullopt;
  return RemovalLock(backup.id, backup.dir, std::move(lock->fd));
}

RunLock Repository::lock_database(const std::string& source, const std::string& database,
                                  std::string_view command) const {
  const Place dir = database_dir(source, database);
  make_private_dirs(dir);
  const Place file = dir / kLockFile;
  Fd lock = open_lock_file(file);
  // Without locks two runs do each other no harm, but work twice; preflight tells that there are none.
  if (lock_file(lock, LockMode::exclusive) == Held::by_another) {
    throw Locked(fmt::format("{}/{} is locked by {}", source, database, read_holder(file)),
                 "wait for it to end; the lock goes with its process");
  }
  write_holder(lock, file, command);
  return RunLock(std::move(lock));
}

}  // namespace pgassay
