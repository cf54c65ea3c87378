#include "core/system/spool.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "core/system/error.h"

namespace pgassay {

Fd make_spool_file() {
  const char* const named = std::getenv("TMPDIR");
  const std::string dir = named != nullptr && *named != '\0' ? named : "/tmp";
  Fd fd(::open(dir.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (fd || (errno != EOPNOTSUPP && errno != EISDIR)) {
    if (!fd) throw_errno("can't make a temporary file in", dir);
    return fd;
  }
  // Overlay and network file systems may not know O_TMPFILE.
  std::string name = dir + "/pgassay-spool-XXXXXX";
  fd = Fd(::mkostemp(name.data(), O_CLOEXEC));
  if (!fd) throw_errno("can't make a temporary file in", dir);
  ::unlink(name.c_str());
  return fd;
}

Fd make_memory_file(std::string_view text) {
  Fd fd(::memfd_create("pgassay", MFD_CLOEXEC));
  if (!fd) throw_errno("can't make", "a file in memory");
  write_all(fd.get(), as_bytes(text), "a file in memory");
  rewind_file(fd);
  return fd;
}

void rewind_file(const Fd& file) {
  if (::lseek(file.get(), 0, SEEK_SET) != 0) throw_errno("can't rewind", "a temporary file");
}

Path path_of_inherited(const Fd& file) {
  return "/proc/self/fd/" + std::to_string(file.get());
}

}  // namespace pgassay
