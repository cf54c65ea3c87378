#include <fmt/format.h>
#include <stdio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "core/system/beneath.h"
#include "core/system/error.h"
#include "core/system/files.h"
#include "core/system/trace.h"

namespace pgassay {
namespace {

/// A backup has files two levels below its directory.
constexpr int kDeepest = 16;

/// A umask may have taken bits away that we need. A file system that keeps no modes says so in many ways; who
/// may read there is decided by how it is mounted, and preflight tells that.
void try_mode(const Fd& fd, mode_t mode) {
  struct stat status;
  if (::fstat(fd.get(), &status) == 0 && (status.st_mode & 07777) == mode) return;
  uninterrupted([&] { return ::fchmod(fd.get(), mode); });
}

int unlink_at(const Entry& entry, int flags = 0) {
  return uninterrupted([&] { return ::unlinkat(entry.dir.get(), entry.name.c_str(), flags); });
}

/// Removes a file that was begun and not finished, unless kept.
class UnfinishedEntry {
 public:
  explicit UnfinishedEntry(const Entry& entry) : entry_(entry) {}
  UnfinishedEntry(const UnfinishedEntry&) = delete;
  ~UnfinishedEntry() {
    if (!kept_) unlink_at(entry_);
  }
  void keep() { kept_ = true; }

 private:
  const Entry& entry_;
  bool kept_ = false;
};

Fd create_at(const Entry& entry, const Place& file) {
  Fd fd(uninterrupted([&] {
    return ::openat(entry.dir.get(), entry.name.c_str(),
                    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW, 0600);
  }));
  if (!fd) throw_errno("can't create", file.string());
  try_mode(fd, 0600);
  return fd;
}

int rename_at(const Entry& from, const Entry& to, unsigned flags = 0) {
  return uninterrupted([&] {
    return flags == 0 ? ::renameat(from.dir.get(), from.name.c_str(), to.dir.get(), to.name.c_str())
                      : ::renameat2(from.dir.get(), from.name.c_str(), to.dir.get(), to.name.c_str(), flags);
  });
}

void make_private_entry(const Place& dir) {
  if (is_directory(dir)) return;
  const Entry entry = entry_of(dir);
  if (uninterrupted([&] { return ::mkdirat(entry.dir.get(), entry.name.c_str(), 0700); }) != 0) {
    if (errno != EEXIST) throw_errno("can't make the directory", dir.string());
    open_directory(dir);  // throws what is wrong with it
    return;
  }
  try_mode(open_directory(dir), 0700);
  fsync_path(dir.parent_path());
}

bool rename_if_free(const Place& from, const Place& to) {
  const Entry here = entry_of(from), there = entry_of(to);
  const auto taken = [] { return errno == EEXIST || errno == ENOTEMPTY; };
  const std::string what = "can't rename " + from.string() + " to";
  if (rename_at(here, there, RENAME_NOREPLACE) == 0) return true;
  if (taken()) return false;
  constexpr int kUnknown[] = {EINVAL, ENOSYS, ENOTSUP};
  if (std::find(std::begin(kUnknown), std::end(kUnknown), errno) == std::end(kUnknown))
    throw_errno(what, to.string());
  // File systems without the flag (NFS among them). A directory that holds something is never replaced by
  // rename(2) either, and the callers hold the lock of the directory that they rename into.
  if (exists(to)) return false;
  if (rename_at(here, there) == 0) return true;
  if (taken()) return false;
  throw_errno(what, to.string());
}

/// Old or new, but on a file system that renames over nothing: there a crash between the two leaves FILE.tmp.
void rename_over(const Entry& from, const Entry& to, const Place& place) {
  if (rename_at(from, to) == 0) return;
  if (errno == EEXIST && unlink_at(to) == 0 && rename_at(from, to) == 0) return;
  const int error = errno;
  if (error == EISDIR) open_for_reading(place);  // throws what it is instead
  throw_errno("can't put in place", place.string(), error);
}

/// Everything in an open directory, and nothing that is mounted there.
void remove_in(int dir, const Place& place, int depth) {
  if (depth > kDeepest)
    throw BadBackup(fmt::format("{}: directories in it are nested deeper than any backup's", place.string()),
                    "it was not made by pgassay: look at it, and remove it by hand");
  for (const std::string& name : names_in(Fd(::fcntl(dir, F_DUPFD_CLOEXEC, 0)), place)) {
    const auto unlink = [&](int flags) {
      return uninterrupted([&] { return ::unlinkat(dir, name.c_str(), flags); });
    };
    const auto check = [&](const char* what) {
      if (errno != ENOENT) throw_errno(what, (place / name).string());
    };
    struct stat status;
    if (::fstatat(dir, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
      check("can't read the status of");
    } else if (!S_ISDIR(status.st_mode)) {
      if (unlink(0) != 0) check("can't remove");
    } else if (const Fd child(open_child_directory(dir, name)); !child) {
      check("can't open, to remove it,");
    } else {
      remove_in(child.get(), place / name, depth + 1);
      if (unlink(AT_REMOVEDIR) != 0) check("can't remove");
    }
  }
}

}  // namespace

Fd create_file(const Place& file) {
  return create_at(entry_of(file), file);
}

Fd open_lock_file(const Place& file) {
  if (!exists(file)) {
    try {
      create_file(file);
    } catch (const SystemError& error) {
      if (error.number() != EEXIST) error.raise();
    }
  }
  Fd fd = open_regular(file, O_RDWR);
  if (status_of_open(fd, file).st_nlink > 1) {
    throw BadBackup(
        fmt::format(
            "{} has a second name (a hard link), and what is written to it would be written there, too",
            file.string()),
        "move it out of the repository: pgassay makes a new one");
  }
  return fd;
}

void write_new_file(const Place& file, std::string_view contents) {
  const Entry entry = entry_of(file);
  Fd fd = create_at(entry, file);
  UnfinishedEntry unfinished(entry);
  write_all(fd.get(), as_bytes(contents), file.path());
  flush_to_disk(fd, file.path());
  close_checked(std::move(fd), file.path());
  unfinished.keep();
}

void replace_file(const Place& file, std::string_view contents) {
  const Place temporary = file.parent_path() / (file.filename() + ".tmp");
  const Entry from = entry_of(temporary), to = entry_of(file);
  if (unlink_at(from) != 0 && errno != ENOENT) throw_errno("can't remove", temporary.string());
  write_new_file(temporary, contents);
  UnfinishedEntry unfinished(from);
  rename_over(from, to, file);
  unfinished.keep();
  fsync_path(file.parent_path());
  trace_published(file.path());
}

void append_line(const Place& file, std::string_view line) {
  const bool made = !exists(file);
  Fd fd = open_lock_file(file);
  const off_t size = ::lseek(fd.get(), 0, SEEK_END);
  off_t whole = size;
  for (char last = 0; whole > 0; --whole) {
    if (uninterrupted([&] { return ::pread(fd.get(), &last, 1, whole - 1); }) != 1)
      throw_errno("can't read", file.string());
    if (last == '\n') break;
  }
  if (whole < size && ::ftruncate(fd.get(), whole) != 0) throw_errno("can't truncate", file.string());
  if (::lseek(fd.get(), whole, SEEK_SET) < 0) throw_errno("can't seek in", file.string());
  write_all(fd.get(), as_bytes(std::string(line) + "\n"), file.path());
  flush_to_disk(fd, file.path());
  close_checked(std::move(fd), file.path());
  if (made) fsync_path(file.parent_path());
}

void make_private_dirs(const Place& dir) {
  make_private_dirs(dir.root());
  const std::string& below = dir.below();
  for (std::size_t end = below.empty() ? std::string::npos : below.find('/'); end != std::string::npos;
       end = below.find('/', end + 1))
    make_private_entry(Place(dir.root()) / below.substr(0, end));
  if (!below.empty()) make_private_entry(dir);
}

void fsync_path(const Place& place) {
  flush_to_disk(is_directory(place) ? open_directory(place) : open_for_reading(place), place.path());
}

bool rename_noreplace(const Place& from, const Place& to) {
  const bool renamed = rename_if_free(from, to);
  if (renamed) trace_published(to.path());
  return renamed;
}

void remove_tree(const Place& place) {
  if (!exists(place)) return;
  const Entry entry = entry_of(place);
  const bool directory = is_directory(place);
  if (directory) {
    const Fd dir(open_child_directory(entry.dir.get(), entry.name));
    if (!dir) throw_errno("can't open, to remove it,", place.string());
    remove_in(dir.get(), place, 1);
  }
  if (unlink_at(entry, directory ? AT_REMOVEDIR : 0) != 0 && errno != ENOENT)
    throw_errno("can't remove", place.string());
}

bool link_over(const Place& existing, const Place& replaced) {
  const Place temporary = replaced.parent_path() / (replaced.filename() + ".link");
  const Entry old = entry_of(existing), from = entry_of(temporary), to = entry_of(replaced);
  if (uninterrupted([&] {
        return ::linkat(old.dir.get(), old.name.c_str(), from.dir.get(), from.name.c_str(), 0);
      }) != 0)
    return false;
  UnfinishedEntry unfinished(from);
  // rename(2) of two names of one file does nothing and leaves both: then UnfinishedEntry removes the other
  // name.
  if (rename_at(from, to) != 0) return false;
  trace_published(replaced.path());
  return true;
}

}  // namespace pgassay
