// Preloaded into a program (LD_PRELOAD) to make one of its file operations fail, or to kill it there: a disk
// that fills up, a device that errs, a machine that stops. Operations on files below one directory are
// counted; the n-th is the one. So a test can go through every n to the end, and the product needs no hooks
// for it.
//
//   PGASSAY_FAULT_DIR     the directory, without symbolic links in its path
//   PGASSAY_FAULT_KIND    eio, enospc: the call fails, once
//                         short: the first write at or after the n-th writes half, the write after that gets
//                         ENOSPC kill: SIGKILL; a write is torn, anything else does not happen count: nothing
//                         fails
//   PGASSAY_FAULT_AT      n, from 1
//   PGASSAY_FAULT_REPORT  a file that gets a line "n call path" for the call that was hit; of count: for
//   every call PGASSAY_FAULT_COMM    the process to act in, by /proc/PID/comm (default pgassay): its children
//   inherit all this
//
// glibc's own stdio writes past any preloaded library, hence fwrite. A call that fails for real is counted
// too.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

enum class Kind { none, eio, enospc, short_write, kill, count };

std::string env(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string link_target(const std::string& path) {
  char target[PATH_MAX];
  const ssize_t length = readlink(path.c_str(), target, sizeof target);
  return length < 0 ? "" : std::string(target, static_cast<std::size_t>(length));
}

std::string path_of(int fd) {
  return link_target("/proc/self/fd/" + std::to_string(fd));
}

std::string path_of(int dirfd, const char* path) {
  if (path == nullptr || *path == '/') return path == nullptr ? "" : path;
  return (dirfd == AT_FDCWD ? link_target("/proc/self/cwd") : path_of(dirfd)) + "/" + path;
}

/// What the environment asks for, read once.
class Plan {
 public:
  Plan() : dir_(env("PGASSAY_FAULT_DIR") + "/"), report_(env("PGASSAY_FAULT_REPORT")), pid_(getpid()) {
    at_ = std::atol(env("PGASSAY_FAULT_AT").c_str());
    const std::string kind = env("PGASSAY_FAULT_KIND"), comm = env("PGASSAY_FAULT_COMM");
    if (dir_ == "/" || own_comm() != (comm.empty() ? "pgassay" : comm)) return;
    kind_ = kind == "eio"      ? Kind::eio
            : kind == "enospc" ? Kind::enospc
            : kind == "short"  ? Kind::short_write
            : kind == "kill"   ? Kind::kill
            : kind == "count"  ? Kind::count
                               : Kind::none;
  }

  Kind kind() const { return kind_; }

  /// Counts a call. True when it is the one.
  bool hits(const char* call, const std::string& path, bool is_write) {
    // A child between fork and exec still runs our code, and is none of our business.
    if (kind_ == Kind::none || path.compare(0, dir_.size(), dir_) != 0 || getpid() != pid_) return false;
    const long number = ++calls_;
    const bool hit =
        kind_ == Kind::short_write ? is_write && number >= at_ && short_writes_++ < 2 : number == at_;
    if (hit || kind_ == Kind::count) report(number, call, path);
    return hit && kind_ != Kind::count;
  }

  /// Is this the first of the two writes that a short one takes?
  bool first_of_short() const { return short_writes_ == 1; }

 private:
  static std::string own_comm() {
    char name[32] = {};
    const int fd = open("/proc/self/comm", O_RDONLY | O_CLOEXEC);
    const ssize_t length = fd < 0 ? 0 : read(fd, name, sizeof name);
    if (fd >= 0) close(fd);
    return length > 1 ? std::string(name, static_cast<std::size_t>(length) - 1) : "";
  }

  void report(long number, const char* call, const std::string& path) const {
    if (report_.empty()) return;
    const std::string line = std::to_string(number) + " " + call + " " + path.substr(dir_.size()) + "\n";
    const int fd = open(report_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, line.data(), line.size()) < 0) abort();
    close(fd);
  }

  std::string dir_, report_;
  pid_t pid_;
  long at_ = 0;
  Kind kind_ = Kind::none;
  std::atomic<long> calls_{0};
  std::atomic<int> short_writes_{0};
};

/// Our own calls, and those made while the plan is being read, go straight through.
thread_local bool inside = false;

Plan& plan() {
  static Plan plan;
  return plan;
}

[[noreturn]] void die() {
  kill(getpid(), SIGKILL);
  for (;;) pause();
}

bool hits(const char* call, const std::string& path, bool is_write) {
  if (inside) return false;
  inside = true;
  const int saved = errno;
  const bool hit = plan().hits(call, path, is_write);
  errno = saved;
  inside = false;
  return hit;
}

/// True when the call must fail now, with errno set; does not return from a kill.
bool fails(const char* call, const std::string& path) {
  if (!hits(call, path, false)) return false;
  if (plan().kind() == Kind::kill) die();
  errno = plan().kind() == Kind::eio ? EIO : ENOSPC;
  return true;
}

/// How many of so many bytes may be written: all; half, of a short or torn write; none: errno is set.
std::size_t allowed(const char* call, const std::string& path, std::size_t size) {
  if (!hits(call, path, true)) return size;
  const Kind kind = plan().kind();
  if (kind == Kind::kill || (kind == Kind::short_write && plan().first_of_short() && size > 1))
    return size / 2;
  errno = kind == Kind::eio ? EIO : ENOSPC;
  return 0;
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

template <typename Write>
ssize_t write_some(const char* call, int fd, std::size_t size, Write write) {
  if (inside) return write(size);
  const std::size_t amount = allowed(call, path_of(fd), size);
  if (amount == 0 && size > 0) {
    if (plan().kind() == Kind::kill) die();
    return -1;
  }
  const ssize_t written = write(amount);
  if (amount < size && plan().kind() == Kind::kill) die();
  return written;
}

mode_t mode_argument(int flags, va_list arguments) {
  return (flags & (O_CREAT | __O_TMPFILE)) != 0 ? va_arg(arguments, mode_t) : 0;
}

bool open_fails(const char* call, int dirfd, const char* path, int flags) {
  return (flags & O_CREAT) != 0 && !inside && fails(call, path_of(dirfd, path));
}

}  // namespace

extern "C" {

ssize_t write(int fd, const void* data, size_t size) {
  return write_some("write", fd, size, [&](size_t amount) { return REAL(write)(fd, data, amount); });
}

ssize_t pwrite(int fd, const void* data, size_t size, off_t offset) {
  return write_some("pwrite", fd, size,
                    [&](size_t amount) { return REAL(pwrite)(fd, data, amount, offset); });
}

ssize_t pwrite64(int fd, const void* data, size_t size, off64_t offset) {
  return write_some("pwrite", fd, size,
                    [&](size_t amount) { return REAL(pwrite64)(fd, data, amount, offset); });
}

ssize_t writev(int fd, const iovec* pieces, int count) {
  size_t size = 0;
  for (int i = 0; i < count; ++i) size += pieces[i].iov_len;
  return write_some("writev", fd, size, [&](size_t amount) -> ssize_t {
    if (amount == size) return REAL(writev)(fd, pieces, count);
    return REAL(write)(fd, pieces[0].iov_base, pieces[0].iov_len < amount ? pieces[0].iov_len : amount);
  });
}

size_t fwrite(const void* data, size_t size, size_t count, FILE* stream) {
  if (inside || !fails("fwrite", path_of(fileno(stream)))) return REAL(fwrite)(data, size, count, stream);
  return 0;
}

int fsync(int fd) {
  return fails("fsync", path_of(fd)) ? -1 : REAL(fsync)(fd);
}
int fdatasync(int fd) {
  return fails("fdatasync", path_of(fd)) ? -1 : REAL(fdatasync)(fd);
}
int syncfs(int fd) noexcept {
  return fails("syncfs", path_of(fd)) ? -1 : REAL(syncfs)(fd);
}

/// Only of what was open for writing: the rest has nothing to lose. The descriptor is gone even when close
/// fails.
int close(int fd) {
  const bool writer = !inside && (fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDONLY;
  const bool failed = writer && fails("close", path_of(fd));
  const int error_number = errno, result = REAL(close)(fd);
  if (failed) errno = error_number;
  return failed ? -1 : result;
}

int open(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = mode_argument(flags, arguments);
  va_end(arguments);
  return open_fails("open", AT_FDCWD, path, flags) ? -1 : REAL(open)(path, flags, mode);
}

int open64(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = mode_argument(flags, arguments);
  va_end(arguments);
  return open_fails("open", AT_FDCWD, path, flags) ? -1 : REAL(open64)(path, flags, mode);
}

int openat(int dirfd, const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = mode_argument(flags, arguments);
  va_end(arguments);
  return open_fails("openat", dirfd, path, flags) ? -1 : REAL(openat)(dirfd, path, flags, mode);
}

int openat64(int dirfd, const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = mode_argument(flags, arguments);
  va_end(arguments);
  return open_fails("openat", dirfd, path, flags) ? -1 : REAL(openat64)(dirfd, path, flags, mode);
}

int mkdir(const char* path, mode_t mode) noexcept {
  return fails("mkdir", path_of(AT_FDCWD, path)) ? -1 : REAL(mkdir)(path, mode);
}
int mkdirat(int dirfd, const char* path, mode_t mode) noexcept {
  return fails("mkdirat", path_of(dirfd, path)) ? -1 : REAL(mkdirat)(dirfd, path, mode);
}
int unlink(const char* path) noexcept {
  return fails("unlink", path_of(AT_FDCWD, path)) ? -1 : REAL(unlink)(path);
}
int unlinkat(int dirfd, const char* path, int flags) noexcept {
  return fails("unlinkat", path_of(dirfd, path)) ? -1 : REAL(unlinkat)(dirfd, path, flags);
}
int rmdir(const char* path) noexcept {
  return fails("rmdir", path_of(AT_FDCWD, path)) ? -1 : REAL(rmdir)(path);
}

int rename(const char* from, const char* to) noexcept {
  return fails("rename", path_of(AT_FDCWD, to)) ? -1 : REAL(rename)(from, to);
}
int renameat(int from_dir, const char* from, int to_dir, const char* to) noexcept {
  return fails("renameat", path_of(to_dir, to)) ? -1 : REAL(renameat)(from_dir, from, to_dir, to);
}
int renameat2(int from_dir, const char* from, int to_dir, const char* to, unsigned flags) noexcept {
  return fails("renameat2", path_of(to_dir, to)) ? -1 : REAL(renameat2)(from_dir, from, to_dir, to, flags);
}
int link(const char* from, const char* to) noexcept {
  return fails("link", path_of(AT_FDCWD, to)) ? -1 : REAL(link)(from, to);
}
int linkat(int from_dir, const char* from, int to_dir, const char* to, int flags) noexcept {
  return fails("linkat", path_of(to_dir, to)) ? -1 : REAL(linkat)(from_dir, from, to_dir, to, flags);
}

}  // extern "C"
