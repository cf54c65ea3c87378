// Preloaded into a program (LD_PRELOAD): a file system that can't do what ext4 can, below one directory. So a
// test has CIFS, exFAT, NFS and what a NAS makes of them, and the product needs no hooks for it.
//
//   PGASSAY_DISK_DIR  the directory, without symbolic links in its path
//   PGASSAY_DISK      words, each of them "call=ERRNO" with blanks between: link, chmod, fsync_dir,
//   rename_over,
//                     rename_noreplace, flock, flock_dir fail so; "names": a name with one of :?*<>|"\ or a
//                     dot at its end is refused (EINVAL); "eintr": each kind of call is interrupted once
//                     before it succeeds; "openat2=ENOSYS": the kernel has none (ENOSYS)
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdarg>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>

namespace {

const std::map<std::string, int> kErrors = {{"EIO", EIO},       {"EINVAL", EINVAL}, {"EPERM", EPERM},
                                            {"EEXIST", EEXIST}, {"ENOLCK", ENOLCK}, {"ENOSYS", ENOSYS},
                                            {"EBADF", EBADF},   {"EACCES", EACCES}, {"ENOTSUP", ENOTSUP}};

std::string env(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

struct Disk {
  std::string dir = env("PGASSAY_DISK_DIR") + "/";
  std::map<std::string, int> fails;  ///< 0: the word stands alone

  Disk() {
    std::string words = env("PGASSAY_DISK") + " ";
    for (std::size_t end; (end = words.find(' ')) != std::string::npos; words.erase(0, end + 1)) {
      const std::string word = words.substr(0, end);
      const std::size_t equals = word.find('=');
      if (!word.empty())
        fails[word.substr(0, equals)] = equals == std::string::npos ? 0 : kErrors.at(word.substr(equals + 1));
    }
  }
};

thread_local bool inside = false;

Disk& disk() {
  static Disk disk;
  return disk;
}

bool is_below(int fd, std::string* path = nullptr) {
  char target[PATH_MAX];
  const ssize_t length = readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), target, sizeof target);
  const std::string found = length < 0 ? "" : std::string(target, static_cast<std::size_t>(length)) + "/";
  if (path != nullptr) *path = found;
  return disk().dir.size() > 1 && found.compare(0, disk().dir.size(), disk().dir) == 0;
}

/// True, with errno, where the disk can't do that.
bool fails(const std::string& what, int fd) {
  if (inside) return false;
  inside = true;
  const int saved = errno;
  const auto found = disk().fails.find(what);
  const bool hit = found != disk().fails.end() && is_below(fd);
  inside = false;
  errno = hit ? found->second : saved;
  return hit;
}

/// True, with errno, the first time and after each time that it was let through.
bool interrupts(std::atomic<bool>& before, int fd) {
  if (inside) return false;
  inside = true;
  const bool hit = disk().fails.contains("eintr") && is_below(fd) && !before.exchange(true);
  inside = false;
  if (hit) errno = EINTR;
  return hit;
}

bool refuses_name(int fd, const char* name) {
  if (inside || name == nullptr) return false;
  inside = true;
  const bool odd =
      std::strpbrk(name, ":?*<>|\"\\") != nullptr || (*name != '\0' && name[std::strlen(name) - 1] == '.');
  const bool hit = odd && std::strcmp(name, ".") != 0 && disk().fails.contains("names") && is_below(fd);
  inside = false;
  if (hit) errno = EINVAL;
  return hit;
}

bool is_directory(int fd) {
  struct stat status;
  return fstat(fd, &status) == 0 && S_ISDIR(status.st_mode);
}

template <typename Function>
Function* next(Function*, const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}
#define REAL(name)                                  \
  (*[] {                                            \
    static auto* const real = next(&::name, #name); \
    return real;                                    \
  }())
#define INTERRUPTED(fd)              \
  [&] {                              \
    static std::atomic<bool> before; \
    return interrupts(before, fd);   \
  }()

}  // namespace

extern "C" {

int linkat(int from_dir, const char* from, int to_dir, const char* to, int flags) noexcept {
  if (INTERRUPTED(to_dir) || fails("link", to_dir)) return -1;
  return REAL(linkat)(from_dir, from, to_dir, to, flags);
}

int fchmod(int fd, mode_t mode) noexcept {
  return INTERRUPTED(fd) || fails("chmod", fd) ? -1 : REAL(fchmod)(fd, mode);
}

int fsync(int fd) {
  if (INTERRUPTED(fd) || (is_directory(fd) && fails("fsync_dir", fd))) return -1;
  return REAL(fsync)(fd);
}

int renameat(int from_dir, const char* from, int to_dir, const char* to) noexcept {
  struct stat there;
  const bool replaces = fstatat(to_dir, to, &there, AT_SYMLINK_NOFOLLOW) == 0;
  if (INTERRUPTED(to_dir) || refuses_name(to_dir, to) || (replaces && fails("rename_over", to_dir)))
    return -1;
  return REAL(renameat)(from_dir, from, to_dir, to);
}

int renameat2(int from_dir, const char* from, int to_dir, const char* to, unsigned flags) noexcept {
  if (INTERRUPTED(to_dir) || refuses_name(to_dir, to) || (flags != 0 && fails("rename_noreplace", to_dir)))
    return -1;
  return REAL(renameat2)(from_dir, from, to_dir, to, flags);
}

int flock(int fd, int operation) noexcept {
  if (INTERRUPTED(fd) || fails("flock", fd) || (is_directory(fd) && fails("flock_dir", fd))) return -1;
  return REAL(flock)(fd, operation);
}

int mkdirat(int dirfd, const char* path, mode_t mode) noexcept {
  return INTERRUPTED(dirfd) || refuses_name(dirfd, path) ? -1 : REAL(mkdirat)(dirfd, path, mode);
}

int unlinkat(int dirfd, const char* path, int flags) noexcept {
  return INTERRUPTED(dirfd) ? -1 : REAL(unlinkat)(dirfd, path, flags);
}

int openat(int dirfd, const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
  va_end(arguments);
  if (INTERRUPTED(dirfd) || ((flags & O_CREAT) != 0 && refuses_name(dirfd, path))) return -1;
  return REAL(openat)(dirfd, path, flags, mode);
}

long syscall(long number, ...) noexcept {
  va_list arguments;
  va_start(arguments, number);
  long words[6];
  for (long& word : words) word = va_arg(arguments, long);
  va_end(arguments);
  if (number == SYS_openat2) {
    if (INTERRUPTED(static_cast<int>(words[0])) || fails("openat2", static_cast<int>(words[0]))) return -1;
  }
  return REAL(syscall)(number, words[0], words[1], words[2], words[3], words[4], words[5]);
}

}  // extern "C"
