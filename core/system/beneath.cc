#include "core/system/beneath.h"

#include <dirent.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "core/system/error.h"

namespace pgassay {
namespace {

constexpr std::uint64_t kBeneath = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
constexpr int kAlways = O_CLOEXEC | O_NOCTTY | O_NOFOLLOW | O_NONBLOCK;
constexpr int kRaces = 100;

int openat2_again(int dir, const char* names, int flags, std::uint64_t resolve) {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags);
  how.mode = (flags & O_CREAT) != 0 ? 0600 : 0;
  how.resolve = resolve;
  for (int attempt = 0;; ++attempt) {
    const auto fd = static_cast<int>(::syscall(SYS_openat2, dir, names, &how, sizeof how));
    // EAGAIN: something was renamed on the way.
    if (fd >= 0 || (errno != EINTR && (errno != EAGAIN || attempt > kRaces))) return fd;
  }
}

/// Before Linux 5.6, and where a filter of system calls does not know the new one.
bool has_no_openat2(int error) {
  return error == ENOSYS || error == EPERM;
}

int openat_again(int dir, const std::string& name, int flags) {
  return uninterrupted([&] { return ::openat(dir, name.c_str(), flags, 0600); });
}

int walk(int root, const std::string& below, int flags) {
  Fd at;
  int dir = root;
  for (std::size_t start = 0;;) {
    const std::size_t slash = below.find('/', start);
    if (slash == std::string::npos) return openat_again(dir, below.substr(start), flags);
    Fd next(
        openat_again(dir, below.substr(start, slash - start), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!next) return -1;
    at = std::move(next);
    dir = at.get();
    start = slash + 1;
  }
}

int open_beneath(int root, const std::string& below, int flags) {
  // O_PATH takes few flags beside it.
  flags |= (flags & O_PATH) != 0 ? O_CLOEXEC | O_NOFOLLOW : kAlways;
  if (below.empty()) return openat_again(root, ".", flags);
  const int fd = openat2_again(root, below.c_str(), flags, kBeneath);
  return fd >= 0 || !has_no_openat2(errno) ? fd : walk(root, below, flags);
}

Fd open_root(const Place& place) {
  Fd root(uninterrupted([&] { return ::open(place.root().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC); }));
  if (!root) throw_errno("can't open", place.root().string());
  return root;
}

const char* kind_of_mode(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFLNK:
      return "a symbolic link";
    case S_IFDIR:
      return "a directory";
    case S_IFIFO:
      return "a named pipe";
    case S_IFSOCK:
      return "a socket";
    case S_IFREG:
      return "a file";
    default:
      return "a device";
  }
}

/// What stands in the way of opening it, where that is a link, or no directory.
void refuse_what_stands_in_the_way(const Place& place, int root) {
  const std::string& below = place.below();
  for (std::size_t end = below.find('/');; end = below.find('/', end + 1)) {
    const Fd fd(walk(root, below.substr(0, end), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    struct stat status;
    if (!fd || ::fstat(fd.get(), &status) != 0) return;
    const bool last = end == std::string::npos;
    if (S_ISLNK(status.st_mode) || (!last && !S_ISDIR(status.st_mode)))
      refuse_kind(Place(place.root()) / below.substr(0, end), status.st_mode);
    if (last) return;
  }
}

Fd open_in_root(const Place& place, int flags) {
  const Fd root = open_root(place);
  Fd fd(open_beneath(root.get(), place.below(), flags));
  if (fd) return fd;
  const int error = errno;
  if (error == ELOOP || error == ENOTDIR) refuse_what_stands_in_the_way(place, root.get());
  throw_errno("can't open", place.string(), error);
}

struct CloseStream {
  void operator()(DIR* dir) const { ::closedir(dir); }
};

}  // namespace

void refuse_kind(const Place& place, mode_t mode) {
  throw BadBackup(
      fmt::format("{} is {}, which no repository holds in that place", place.string(), kind_of_mode(mode)),
      "it was not put there by pgassay: look at it, and move it out of the repository");
}

Fd open_path(const Place& place) {
  return open_in_root(place, O_PATH);
}

Fd open_dir_beneath(const Place& dir, int flags) {
  const mode_t mode = status_of_open(open_path(dir), dir).st_mode;
  if (!S_ISDIR(mode)) refuse_kind(dir, mode);
  return open_in_root(dir, flags | O_DIRECTORY);
}

Fd open_regular(const Place& file, int flags) {
  // A device may do something when it is opened: it is looked at first. And again, for it may be another by
  // then.
  const mode_t mode = status_of_open(open_path(file), file).st_mode;
  if (!S_ISREG(mode)) refuse_kind(file, mode);
  Fd fd = open_in_root(file, flags);
  const mode_t opened = status_of_open(fd, file).st_mode;
  if (!S_ISREG(opened)) refuse_kind(file, opened);
  return fd;
}

Entry entry_of(const Place& place) {
  const Place parent = place.parent_path();
  Fd dir = open_path(parent);
  const mode_t mode = status_of_open(dir, parent).st_mode;
  if (!S_ISDIR(mode)) refuse_kind(parent, mode);
  return {std::move(dir), place.filename()};
}

struct stat status_of_open(const Fd& fd, const Place& place) {
  struct stat status;
  if (::fstat(fd.get(), &status) != 0) throw_errno("can't read the status of", place.string());
  return status;
}

std::filesystem::file_type type_of_mode(mode_t mode) {
  using enum std::filesystem::file_type;
  switch (mode & S_IFMT) {
    case S_IFREG:
      return regular;
    case S_IFDIR:
      return directory;
    case S_IFLNK:
      return symlink;
    default:
      return unknown;
  }
}

std::vector<std::string> names_in(Fd dir, const Place& place) {
  std::unique_ptr<DIR, CloseStream> handle(::fdopendir(dir.get()));
  if (!handle) throw_errno("can't read the directory", place.string());
  dir.release();
  std::vector<std::string> names;
  for (;;) {
    errno = 0;
    const dirent* found = ::readdir(handle.get());
    if (found == nullptr) break;
    std::string name = found->d_name;
    if (name != "." && name != "..") names.push_back(std::move(name));
  }
  if (errno != 0) throw_errno("can't read the directory", place.string());
  return names;
}

int open_child_directory(int dir, const std::string& name) {
  constexpr int kFlags = O_RDONLY | O_DIRECTORY | kAlways;
  const int fd = openat2_again(dir, name.c_str(), kFlags, kBeneath | RESOLVE_NO_XDEV);
  if (fd >= 0 || !has_no_openat2(errno)) return fd;
  Fd child(openat_again(dir, name, kFlags));
  struct stat outer, inner;
  if (!child || ::fstat(dir, &outer) != 0 || ::fstat(child.get(), &inner) != 0) return -1;
  if (outer.st_dev == inner.st_dev) return child.release();
  errno = EXDEV;
  return -1;
}

}  // namespace pgassay
