#include "core/system/files.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <system_error>
#include <utility>

#include "core/system/error.h"
#include "core/system/trace.h"

namespace pgassay {
namespace {

Fd open_or_throw(const Path& file, int flags, const char* what) {
  int fd;
  do {
    fd = ::open(file.c_str(), flags | O_CLOEXEC | O_NOCTTY, 0600);
  } while (fd < 0 && errno == EINTR);
  if (fd < 0) throw_errno(what, file);
  return Fd(fd);
}

/// A umask may have taken bits away that we need.
void ensure_mode(const Fd& fd, mode_t mode, const Path& path) {
  struct stat status;
  if (::fstat(fd.get(), &status) != 0) throw_errno("can't read the status of", path);
  if ((status.st_mode & 07777) == mode) return;
  if (::fchmod(fd.get(), mode) != 0) throw_errno("can't set the mode of", path);
}

/// Removes a file that was begun and not finished, unless kept.
class Unfinished {
 public:
  explicit Unfinished(const Path& file) : file_(file) {}
  Unfinished(const Unfinished&) = delete;
  ~Unfinished() {
    if (!kept_) ::unlink(file_.c_str());
  }
  void keep() { kept_ = true; }

 private:
  const Path& file_;
  bool kept_ = false;
};

Path parent_of(const Path& path) {
  Path parent = path.parent_path();
  return parent.empty() ? Path(".") : parent;
}

bool is_dir(const Path& path) {
  struct stat status;
  return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

void make_private_dir(const Path& dir) {
  if (::mkdir(dir.c_str(), 0700) != 0) {
    const int error = errno;
    if (error == EEXIST && is_dir(dir)) return;
    throw_errno("can't make the directory", dir, error);
  }
  // Where modes can't be set, who may read is decided by how it is mounted.
  if (const Fd made = open_for_reading(dir);
      ::fchmod(made.get(), 0700) != 0 && ::access(dir.c_str(), W_OK | X_OK) != 0)
    throw_errno("can't set the mode of", dir, EPERM);
  fsync_path(parent_of(dir));
}

struct CloseDir {
  void operator()(DIR* dir) const { ::closedir(dir); }
};

/// Calls entry(name, d_type) for what a directory holds. Absent is an error only when must_exist.
template <typename Entry>
void for_each_entry(const Path& dir, bool must_exist, const Entry& entry) {
  std::unique_ptr<DIR, CloseDir> handle(::opendir(dir.c_str()));
  if (!handle) {
    if (errno == ENOENT && !must_exist) return;
    throw_errno("can't read the directory", dir);
  }
  for (;;) {
    errno = 0;
    const dirent* found = ::readdir(handle.get());
    if (found == nullptr) break;
    std::string name = found->d_name;
    if (name != "." && name != "..") entry(std::move(name));
  }
  if (errno != 0) throw_errno("can't read the directory", dir);
}

void collect_files(const Path& dir, const std::string& prefix, std::vector<std::string>& files) {
  for_each_entry(dir, true, [&](std::string name) {
    struct stat status;
    const Path path = dir / name;
    if (::lstat(path.c_str(), &status) != 0) throw_errno("can't read the status of", path);
    if (S_ISDIR(status.st_mode)) {
      collect_files(path, prefix + name + "/", files);
    } else {
      files.push_back(prefix + name);
    }
  });
}

std::filesystem::file_status known(std::filesystem::file_status status, const std::error_code& error,
                                   const Path& path) {
  using enum std::filesystem::file_type;
  if (error.value() == ELOOP) return std::filesystem::file_status(not_found);
  if (status.type() == none) throw_errno("can't read the status of", path, error.value());
  return status;
}

}  // namespace

Fd open_for_reading(const Path& file) {
  return open_or_throw(file, O_RDONLY, "can't open");
}

Fd create_file(const Path& file) {
  Fd fd = open_or_throw(file, O_WRONLY | O_CREAT | O_EXCL, "can't create");
  ensure_mode(fd, 0600, file);
  return fd;
}

std::string read_file(const Path& file, std::size_t limit) {
  Fd fd = open_for_reading(file);
  struct stat status;
  if (::fstat(fd.get(), &status) != 0) throw_errno("can't read the status of", file);
  // One byte more than the size, so that the end is seen without growing once more: a manifest may be large.
  std::string contents(std::min(static_cast<std::size_t>(std::max<off_t>(status.st_size, 0)), limit) + 1,
                       '\0');
  std::size_t used = 0;
  while (const std::size_t got =
             read_some(fd.get(), std::as_writable_bytes(std::span(contents)).subspan(used), file)) {
    used += got;
    if (used > limit) throw Error("too large to be read: " + file.string());
    if (used == contents.size()) contents.resize(used + 4096);
  }
  contents.resize(used);
  return contents;
}

std::string read_tail(const Path& file, std::size_t bytes) {
  const Fd fd = open_for_reading(file);
  const off_t size = ::lseek(fd.get(), 0, SEEK_END);
  const off_t start = std::max<off_t>(0, size - static_cast<off_t>(bytes));
  if (size < 0 || ::lseek(fd.get(), start, SEEK_SET) < 0) throw_errno("can't seek in", file);
  std::string text(static_cast<std::size_t>(size - start), '\0');
  std::size_t used = 0;
  while (const std::size_t got =
             read_some(fd.get(), std::as_writable_bytes(std::span(text)).subspan(used), file))
    used += got;
  text.resize(used);
  return text;
}

void write_new_file(const Path& file, std::string_view contents) {
  Fd fd = create_file(file);
  Unfinished unfinished(file);
  write_all(fd.get(), as_bytes(contents), file);
  flush_to_disk(fd, file);
  close_checked(std::move(fd), file);
  unfinished.keep();
}

void replace_file(const Path& file, std::string_view contents) {
  Path temporary = file;
  temporary += ".tmp";
  if (::unlink(temporary.c_str()) != 0 && errno != ENOENT) throw_errno("can't remove", temporary);
  write_new_file(temporary, contents);
  Unfinished unfinished(temporary);
  if (::rename(temporary.c_str(), file.c_str()) != 0) throw_errno("can't put in place", file);
  unfinished.keep();
  fsync_path(parent_of(file));
  trace_published(file);
}

void make_private_dirs(const Path& dir) {
  if (dir.empty() || is_dir(dir)) return;
  // "a/b/" names the same directory as "a/b".
  if (!dir.has_filename()) return make_private_dirs(dir.parent_path());
  make_private_dirs(dir.parent_path());
  make_private_dir(dir);
}

Path make_unique_dir(const Path& base, std::string_view prefix) {
  std::string name = base / (std::string(prefix) + "XXXXXX");
  if (::mkdtemp(name.data()) == nullptr) throw_errno("can't make a directory", name);
  return name;
}

void set_mode(const Path& path, unsigned mode) {
  if (::chmod(path.c_str(), mode) != 0) throw_errno("can't set the mode of", path);
}

void give_to(const Path& path, unsigned uid, unsigned gid) {
  if (::lchown(path.c_str(), uid, gid) != 0) throw_errno("can't set the owner of", path);
}

unsigned owner_of(const Path& path) {
  struct stat status;
  if (::lstat(path.c_str(), &status) != 0) throw_errno("can't read the status of", path);
  return status.st_uid;
}

void fsync_path(const Path& file_or_dir) {
  flush_to_disk(open_for_reading(file_or_dir), file_or_dir);
}

void remove_tree(const Path& dir) {
  std::error_code error;
  std::filesystem::remove_all(dir, error);
  if (error) throw_errno("can't remove", dir, error.value());
}

std::uint64_t free_bytes(const Path& any_path_on_it) {
  struct statvfs status;
  if (::statvfs(any_path_on_it.c_str(), &status) != 0)
    throw_errno("can't read the free space of", any_path_on_it);
  return std::uint64_t{status.f_bavail} * status.f_frsize;
}

bool is_in_memory(const Path& any_path_on_it) {
  struct statfs status;
  if (::statfs(any_path_on_it.c_str(), &status) != 0)
    throw_errno("can't tell the file system of", any_path_on_it);
  return status.f_type == TMPFS_MAGIC || status.f_type == RAMFS_MAGIC;
}

std::uint64_t size_of_file(const Path& file) {
  struct stat status;
  if (::stat(file.c_str(), &status) != 0) throw_errno("can't read the size of", file);
  return static_cast<std::uint64_t>(status.st_size);
}

std::filesystem::file_status status_of(const Path& path) {
  std::error_code error;
  return known(std::filesystem::status(path, error), error, path);
}

std::filesystem::file_status link_status_of(const Path& path) {
  std::error_code error;
  return known(std::filesystem::symlink_status(path, error), error, path);
}

std::vector<std::string> list_files(const Path& dir) {
  std::vector<std::string> files;
  collect_files(dir, "", files);
  std::sort(files.begin(), files.end());
  return files;
}

std::vector<std::string> list_names(const Path& dir) {
  std::vector<std::string> names;
  for_each_entry(dir, false, [&](std::string name) { names.push_back(std::move(name)); });
  std::sort(names.begin(), names.end());
  return names;
}

Fd open_lock_file(const Path& file) {
  return open_or_throw(file, O_RDWR | O_CREAT, "can't open the lock file");
}

}  // namespace pgassay
