// A directory that holds backups: REPO/SOURCE/DATABASE/STAMP (docs/repository-format.md). Published or
// absent, locked by flock(2) only, readable from a read-only file system. Everything here may be called from
// any thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/repository/evidence.h"
#include "core/repository/layout.h"
#include "core/repository/manifest.h"
#include "core/repository/source_names.h"
#include "core/system/error.h"
#include "core/system/observer.h"
#include "core/system/place.h"

namespace pgassay {

/// A published backup as list sees it.
struct Backup {
  BackupId id;
  Place dir;
  std::optional<ManifestSummary> summary;  ///< absent: `problem` says why
  std::string problem;                     ///< "manifest.json: not what SHA256SUMS names", …
  Proofs proofs;
  /// What its manifest says that it is, where that is not the place in which it lies: by a file system that
  /// folds names, a tool that copies, or a hand. There is no summary then; `id` is of the place.
  std::optional<BackupId> says = {};
  std::string alias_of = {};  ///< the source that id.source is another name of; empty: none

  /// Whose backup it is. Everything that asks that asks this.
  const std::string& source() const { return alias_of.empty() ? id.source : alias_of; }
};

/// Throws BadBackup when the backup lies where its manifest says that it does not belong; the hint says how
/// to move it back. Every command that reads one backup asks this first: another database's rows are never
/// taken for those of the name that was asked for.
void check_place(const Backup& backup);
/// What that throws. Only of one that `says`.
BadBackup misplaced(const Backup& backup);

/// Shared flock on a backup directory: while it is held, prune leaves the backup alone. Only another host's
/// prune, over NFS, knows nothing of it.
class ReadLease {
 public:
  ReadLease(Fd fd, const Backup& backup) : fd_(std::move(fd)), id_(backup.id), dir_(backup.dir) {}

  /// What `body`, which reads the backup, returns. Where it throws and the backup is gone, that is told
  /// (Locked), and no damage.
  template <typename Body>
  auto reading(Body body) const {
    try {
      return body();
    } catch (const Error& error) {
      throw_if_removed();
      error.raise();
    }
  }
  void throw_if_removed() const;

 private:
  Fd fd_;
  BackupId id_;
  Place dir_;
};

/// Exclusive flock on a database's directory: one prune of it at a time. It is not the RunLock: a prune can
/// make room beside a running backup, which leases what it links to.
class PruneLock {
 public:
  explicit PruneLock(Fd fd) : fd_(std::move(fd)) {}

 private:
  Fd fd_;
};

/// Exclusive flock on a backup directory: nobody reads or pins it, and nobody begins to.
class RemovalLock {
 public:
  RemovalLock(BackupId id, Place dir, Fd fd) : id_(std::move(id)), dir_(std::move(dir)), fd_(std::move(fd)) {}
  const BackupId& id() const { return id_; }
  const Place& dir() const { return dir_; }

 private:
  BackupId id_;
  Place dir_;
  Fd fd_;
};

/// The exclusive flock of one database's .lock. Its file names the holder.
class RunLock {
 public:
  explicit RunLock(Fd fd) : fd_(std::move(fd)) {}

 private:
  Fd fd_;
};

/// A backup being written, below .partial/. The directory's own flock says that its run is alive.
class PendingBackup {
 public:
  PendingBackup(Place root, Place dir, Fd lock);
  PendingBackup(PendingBackup&& other) noexcept;
  ~PendingBackup();  ///< removes the directory unless published
  const Place& dir() const { return dir_; }
  void pin(const Pin& pin) const;  ///< it will be published pinned
  /// Writes manifest.json and SHA256SUMS, flushes every file and directory, and renames to
  /// SOURCE/DATABASE/STAMP, where the stamp in the manifest must be free (see Repository::free_stamp).
  /// Returns the new directory. An Error whose hint says "the backup is published" came after the rename: it
  /// is there, whole, and stays.
  Place publish(const Manifest& manifest) &&;
  /// The same for a copy, whose manifest.json and SHA256SUMS were written as they were in the original.
  Place publish_copy(const Manifest& manifest) &&;

 private:
  Place put_in_place(const Manifest& manifest);
  void flush(const Manifest& manifest) const;
  Place root_, dir_;  ///< dir_ is empty once it was published or moved from
  Fd lock_;
};

class Repository {
 public:
  /// Throws UsageError when there is none (hint: how to make one), Error when its format is newer.
  static Repository open(const Path& root);
  /// Makes it when the directory is absent or empty; refuses a directory that holds something else.
  static Repository open_or_create(const Path& root);

  /// The same, some of whose files are fetched when they are read.
  Repository with_files_from(std::shared_ptr<const Elsewhere> elsewhere) const {
    return {root_.with_files_from(std::move(elsewhere)), uuid_, names_};
  }

  const Place& root() const { return root_; }
  const std::string& uuid() const { return uuid_; }

  /// As they were when the repository was opened.
  const SourceNames& source_names() const { return names_; }

  struct Filter {
    std::string source, database;  ///< empty: all. An alias means its source, with all names of that
  };
  /// Sorted by source (whose alias a name is, see Backup::source), database, stamp. Unreadable backups are in
  /// it with their problem; directories that are no backups (no manifest, odd names) are not backups and go
  /// to `foreign` when given.
  std::vector<Backup> list(const Filter& filter = {}, std::vector<Path>* foreign = nullptr) const;
  /// ID as of the command line: "latest", SOURCE/DATABASE/STAMP, a stamp or a unique prefix of one. "latest"
  /// may be one that can't be read: older ones are not passed off as it. It is never one that belongs
  /// elsewhere. Throws UsageError when nothing or more than one thing fits, naming the candidates, and as
  /// check_place().
  Backup find(const std::string& id, const Filter& filter = {}) const;
  /// The newest readable backup of a database.
  std::optional<Backup> newest(const std::string& source, const std::string& database) const;

  ReadLease lease(const Backup& backup) const;  ///< throws Locked when prune is removing it or has done so
  /// Throws Locked naming the holder (pid, host, since, command).
  RunLock lock_database(const std::string& source, const std::string& database,
                        std::string_view command) const;
  /// The stamp of that second, or with -2, -3, … Call with the database's RunLock held.
  std::string free_stamp(const std::string& source, const std::string& database, Time taken) const;
  PendingBackup begin(const std::string& source, const std::string& database) const;
  /// Removes what dead runs left below .partial/ (and finishes .trash/). Returns the paths removed. What
  /// can't be removed, another user's perhaps, or has no name of ours, is told in `problems` and does no harm
  /// where it is. Throws BadBackup when one of the two is no directory.
  std::vector<Path> clear_debris(std::vector<std::string>* problems = nullptr) const;

  /// Returns the new file's path, after fsync.
  Path add_evidence(const Backup& backup, const Evidence& evidence) const;
  /// Holds a lease meanwhile: a backup that could be pinned is not being removed, and prune looks at pins
  /// again once it has the backup to itself.
  void pin(const Backup& backup, const std::string& reason) const;
  bool unpin(const Backup& backup) const;  ///< false: it was not pinned. The same lease
  /// That it holds as little as it does is as it should be. The same lease.
  void accept(const Backup& backup, const std::string& reason) const;

  /// Throws Locked when another prune of this database runs.
  PruneLock lock_for_prune(const std::string& source, const std::string& database) const;
  /// Without waiting: nothing when somebody holds it, or when it is gone.
  std::optional<RemovalLock> lock_for_removal(const Backup& backup) const;
  /// Renames it into .trash/, flushes that, and removes its files: at any instant the backup is listed and
  /// whole, or not listed. What a crash or an error leaves in .trash/ is the next clear_debris()'s.
  void remove(RemovalLock lock) const;

 private:
  Repository(Place root, std::string uuid, SourceNames names)
      : root_(std::move(root)), uuid_(std::move(uuid)), names_(std::move(names)) {}
  Place database_dir(const std::string& source, const std::string& database) const;
  Place root_;
  std::string uuid_;
  SourceNames names_;
};

/// The same, told to the observer as warnings.
void clear_debris(const Repository& repository, Observer& observer);

/// Reads a backup's whole manifest and checks it, against SHA256SUMS and against the directory in which it
/// lies, too. Throws BadBackup.
Manifest read_manifest(const Place& backup_dir);

/// For hard links of unchanged parts: puts `old_file` (of an older backup, whose SHA-256 was `expected`) in
/// the place of `new_file`, but only after its bytes were read and hashed again: a rotten old part must never
/// replace a good new one. unreachable: other file system, too many links, gone; the new file stays.
enum class Reuse { linked, rotten, unreachable };
Reuse reuse_part(const Place& old_file, const Sha256& expected, const Place& new_file);

}  // namespace pgassay
