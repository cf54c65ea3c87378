#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <thread>

#include "core/repository/identity.h"
#include "core/repository/repository.h"

namespace pgassay {
namespace {

constexpr const char* kLockFile = ".lock";
constexpr std::size_t kLongestHolder = 4096;

/// Only a courtesy to whoever waits: a full disk must not keep prune from running.
void write_holder(const Fd& lock, const Path& file, std::string_view command) {
  const std::string holder =
      fmt::format("pid {} on {} since {}: {}\n", ::getpid(), host_name(), to_rfc3339(now()), command);
  try {
    if (::ftruncate(lock.get(), 0) == 0) write_all(lock.get(), as_bytes(holder), file);
  } catch (const Error&) {
  }
}

std::string read_holder(const Path& file) {
  try {
    std::string holder = read_file(file, kLongestHolder);
    while (!holder.empty() && holder.back() == '\n') holder.pop_back();
    if (!holder.empty()) return holder;
  } catch (const Error&) {
  }
  return "another run";
}

/// Nothing when there is no such directory any more.
Fd open_unless_gone(const Path& dir) {
  try {
    return open_for_reading(dir);
  } catch (const SystemError& error) {
    if (error.number() == ENOENT) return {};
    error.raise();
  }
}

/// A publisher holds the lock for an instant more than the rename; waiting is for that.
bool lock_shared_soon(const Fd& fd) {
  using namespace std::chrono_literals;
  for (int attempt = 0; attempt < 20; ++attempt) {
    if (try_lock(fd, LockMode::shared)) return true;
    std::this_thread::sleep_for(50ms);
  }
  return false;
}

}  // namespace

ReadLease Repository::lease(const Backup& backup) const {
  Fd fd = open_unless_gone(backup.dir);
  if (!fd || !lock_shared_soon(fd) || !std::filesystem::exists(status_of(backup.dir))) {
    throw Locked(
        fmt::format("cannot read {}: prune {} it", backup.id.shown(), fd ? "is removing" : "removed"),
        "choose another: pgassay list");
  }
  return ReadLease(std::move(fd));
}

PruneLock Repository::lock_for_prune(const std::string& source, const std::string& database) const {
  Fd fd = open_for_reading(database_dir(source, database));
  if (!try_lock(fd, LockMode::exclusive)) {
    throw Locked(fmt::format("{}/{} is being pruned by another run", source, database),
                 "wait for it to end; the lock goes with its process");
  }
  return PruneLock(std::move(fd));
}

std::optional<RemovalLock> Repository::lock_for_removal(const Backup& backup) const {
  Fd fd = open_unless_gone(backup.dir);
  // Moved to .trash/ between the two, it is no longer ours to remove.
  if (!fd || !try_lock(fd, LockMode::exclusive) || !std::filesystem::exists(status_of(backup.dir)))
    return std::nullopt;
  return RemovalLock(backup.id, backup.dir, std::move(fd));
}

RunLock Repository::lock_database(const std::string& source, const std::string& database,
                                  std::string_view command) const {
  const Path dir = database_dir(source, database);
  make_private_dirs(dir);
  const Path file = dir / kLockFile;
  Fd lock = open_lock_file(file);
  if (!try_lock(lock, LockMode::exclusive)) {
    throw Locked(fmt::format("{}/{} is locked by {}", source, database, read_holder(file)),
                 "wait for it to end; the lock goes with its process");
  }
  write_holder(lock, file, command);
  return RunLock(std::move(lock));
}

}  // namespace pgassay
