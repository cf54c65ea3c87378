#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <system_error>
#include <utility>

#include "core/repository/directory_lock.h"
#include "core/repository/identity.h"
#include "core/repository/names.h"
#include "core/repository/new_file.h"
#include "core/repository/repository.h"
#include "core/system/cancellation.h"
#include "core/system/disk_probe.h"

namespace pgassay {
namespace {

constexpr const char *kPartialDir = ".partial", *kTrashDir = ".trash";
constexpr int kAttempts = 10;
constexpr std::size_t kFlushers = 16, kFilesEach = 4;
constexpr std::size_t kPartialBytes = 8, kTrashBytes = 4;  // of chance in a name

Sha256 write_hashed(const Manifest& manifest, const Place& file) {
  Fd fd = create_file(file);
  Sha256Hasher hasher;
  write_manifest(manifest, [&](std::string_view text) {
    hasher.add(as_bytes(text));
    write_all(fd.get(), as_bytes(text), file.path());
  });
  close_checked(std::move(fd), file.path());
  fsync_path(file);
  return hasher.finish();
}

void check_own(const Manifest& manifest) {
  const auto found = contradictions(manifest);
  if (found.empty()) return;
  throw Error(fmt::format("the backup contradicts itself and is not published: {}: {}", found[0].where,
                          found[0].detail),
              "please report it: this is a fault in pgassay");
}

/// Is it a name that begin() or remove() gives: "… .HEX"?
bool is_debris(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  const std::string_view random = dot == std::string_view::npos ? "" : name.substr(dot + 1);
  return (random.size() == 2 * kPartialBytes || random.size() == 2 * kTrashBytes) &&
         random.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

/// A backup is put in place by one rename.
void check_one_mount(const Place& partial, Place home) {
  while (!exists(home)) home = home.parent_path();
  if (on_one_mount(partial, home)) return;
  throw Refused(
      fmt::format("{} is on another file system than {}, and no backup can be renamed from one to the other",
                  home.string(), partial.string()),
      "have all of the repository on one file system, or a repository of its own there (--repo)");
}

/// Its run is dead when nobody holds its lock.
bool remove_if_dead(const Place& dir) {
  DirectoryLock lock;
  try {
    lock = lock_directory(dir, kBackupLease, LockMode::exclusive);
  } catch (const Error& error) {
    if (!exists(dir)) return false;
    error.raise();
  }
  if (lock.held == Held::impossible)
    throw Error(dir.string() + ": nothing can be locked here, so whether its run lives is not known");
  if (lock.held == Held::by_another) return false;
  // Published or removed between the two.
  if (!exists(dir)) return false;
  remove_tree(dir);
  return true;
}

}  // namespace

PendingBackup::PendingBackup(Place root, Place dir, Fd lock)
    : root_(std::move(root)), dir_(std::move(dir)), lock_(std::move(lock)) {}

PendingBackup::PendingBackup(PendingBackup&& other) noexcept
    : root_(std::move(other.root_)), dir_(std::exchange(other.dir_, {})), lock_(std::move(other.lock_)) {}

PendingBackup::~PendingBackup() {
  if (dir_.empty()) return;
  try {
    remove_tree(dir_);
  } catch (const std::exception&) {
    // The next run's clear_debris() tries again.
  }
}

void PendingBackup::pin(const Pin& pin) const {
  make_private_dirs(dir_ / kEvidenceDir);
  write_whole_file(dir_ / kEvidenceDir / kPinFile, to_json(pin));
}

void PendingBackup::flush(const Manifest& manifest) const {
  // The lock was opened before the first byte was written, so no failed write-out escapes it.
  sync_filesystem(lock_, dir_.path());
  // All are clean by now; each tells once more what became of it. What is linked was flushed by its first
  // run. Each makes the disk flush its cache, too; the kernel joins those that come at the same time.
  const std::vector<StoredFile> files = manifest.stored_files();
  std::atomic<std::size_t> next = 0, flushed = 0;
  const auto flush_some = [&](unsigned, const std::stop_token& stop) {
    for (std::size_t at; !stop.stop_requested() && (at = next++) < files.size();) {
      const Place file = dir_ / files[at].file;
      if (link_count(file) == 1) fsync_path(file);
      ++flushed;
    }
  };
  try {
    run_workers("flush", static_cast<unsigned>(std::min(kFlushers, 1 + files.size() / kFilesEach)), {},
                flush_some);
  } catch (const std::system_error&) {
    flush_some(0, {});  // no more threads are to be had here
  }
  // One of the threads that were may have failed, too: the kernel tells that once.
  if (flushed != files.size()) throw Error("can't flush all files of the backup: " + dir_.string());
  for (const std::string_view name : {kDataDir, kLargeObjectsDir, kEvidenceDir}) {
    if (exists(dir_ / name)) fsync_path(dir_ / name);
  }
  fsync_path(dir_);
}

Place PendingBackup::publish(const Manifest& manifest) && {
  check_own(manifest);
  const Sha256 sha = write_hashed(manifest, dir_ / kManifestFile);
  write_new_file(dir_ / kSumsFile, sha256sums(manifest, sha));
  return put_in_place(manifest);
}

Place PendingBackup::publish_copy(const Manifest& manifest) && {
  check_own(manifest);
  for (const std::string_view name : {kManifestFile, kSumsFile}) fsync_path(dir_ / name);
  return put_in_place(manifest);
}

Place PendingBackup::put_in_place(const Manifest& manifest) {
  make_private_dirs(dir_ / kEvidenceDir);
  flush(manifest);
  const BackupId& id = manifest.summary.id;
  const Place parent = home_of(root_, id.source, id.database), target = parent / id.stamp;
  make_private_dirs(parent);
  const Place partial = dir_.parent_path();
  if (!rename_noreplace(dir_, target))
    throw Error("cannot publish the backup: " + target.string() + ": is there already");
  dir_ = {};
  lock_.reset();
  try {
    fsync_path(parent);
    fsync_path(partial);
  } catch (const Error& error) {
    throw Error(error.what(), "the backup is published and whole at " + target.string() +
                                  ", but a power failure now could undo that: look at the disk");
  }
  return target;
}

PendingBackup Repository::begin(const std::string& source, const std::string& database) const {
  if (source.empty() || database.empty())
    throw UsageError("a backup needs the name of a source and of a database");
  make_private_dirs(root_ / kPartialDir);
  check_one_mount(root_ / kPartialDir, home_of(root_, source, database));
  for (int attempt = 1; attempt <= kAttempts; ++attempt) {
    const Place dir = root_ / kPartialDir /
                      fmt::format("{}.{}", encode_name(source + "/" + database), random_hex(kPartialBytes));
    try {
      make_private_dirs(dir);
      DirectoryLock lock = lock_directory(dir, kBackupLease, LockMode::exclusive);
      // Another run's clear_debris() may have come between.
      if (lock.held != Held::by_another && exists(dir)) return PendingBackup(root_, dir, std::move(lock.fd));
    } catch (const Error& error) {
      // Nothing stays behind; when it was not there any more, that was clear_debris() and it is tried again.
      const bool was_there = exists(dir);
      remove_tree(dir);
      if (was_there || attempt == kAttempts) error.raise();
    }
  }
  throw Error("cannot make a directory that lasts: " + (root_ / kPartialDir).string());
}

std::vector<Path> Repository::clear_debris(std::vector<std::string>* problems) const {
  std::vector<Path> removed;
  const auto guarded = [&](const auto& clear) {
    try {
      clear();
    } catch (const Error& error) {
      if (problems != nullptr) problems->emplace_back(error.what());
    }
  };
  for (const char* place : {kPartialDir, kTrashDir}) {
    std::vector<std::string> names;
    try {
      names = list_names(root_ / place);
    } catch (const SystemError& error) {
      if (problems != nullptr) problems->emplace_back(error.what());
    }
    for (const std::string& name : names) {
      const Place dir = root_ / place / name;
      guarded([&] {
        if (!is_debris(name)) throw Error(dir.string() + " is not pgassay's");
        if (remove_if_dead(dir)) removed.push_back(dir.path());
      });
    }
  }
  return removed;
}

void clear_debris(const Repository& repository, Observer& observer) {
  std::vector<std::string> problems;
  for (const Path& debris : repository.clear_debris(&problems)) {
    observer.message(Level::warning, "removed what an interrupted run left: " + debris.string());
  }
  for (const std::string& problem : problems) {
    observer.message(Level::warning, "not removed: " + problem, "look at it, and remove it as its owner");
  }
}

void Repository::remove(RemovalLock lock) const {
  const Place trash = root_ / kTrashDir;
  const std::string home = encode_name(lock.id().source + "/" + lock.id().database);
  make_private_dirs(trash);
  const Place dir = trash / fmt::format("{}.{}.{}", home, lock.id().stamp, random_hex(kTrashBytes));
  if (!rename_noreplace(lock.dir(), dir)) throw Error("is there already: " + dir.string());
  // Before any file goes: a power failure must not bring back a directory that lacks some.
  fsync_path(lock.dir().parent_path());
  fsync_path(trash);
  remove_tree(dir);
}

std::string Repository::free_stamp(const std::string& source, const std::string& database, Time taken) const {
  const Place dir = database_dir(source, database);
  const std::string base = to_stamp(taken);
  std::string stamp = base;
  for (unsigned n = 2; exists(dir / stamp); ++n) {
    stamp = fmt::format("{}-{}", base, n);
  }
  return stamp;
}

}  // namespace pgassay
