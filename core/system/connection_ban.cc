#include "core/system/connection_ban.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstddef>

namespace pgassay {
namespace {

#if defined(__x86_64__)
constexpr unsigned kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr unsigned kArchitecture = AUDIT_ARCH_AARCH64;
#else
constexpr unsigned kArchitecture = 0;
#endif

constexpr unsigned kX32Bit = 0x40000000;  // the same calls by other numbers, on x86-64
constexpr unsigned kDeny = SECCOMP_RET_ERRNO | EACCES;

constexpr sock_filter load(std::size_t offset) {
  return {BPF_LD | BPF_W | BPF_ABS, 0, 0, static_cast<unsigned>(offset)};
}
/// Goes on after `then` instructions when the loaded word is (at least) that value, after `otherwise` when
/// not.
constexpr sock_filter equal(unsigned value, unsigned char then, unsigned char otherwise) {
  return {BPF_JMP | BPF_JEQ | BPF_K, then, otherwise, value};
}
constexpr sock_filter at_least(unsigned value, unsigned char then, unsigned char otherwise) {
  return {BPF_JMP | BPF_JGE | BPF_K, then, otherwise, value};
}
constexpr sock_filter give(unsigned action) {
  return {BPF_RET | BPF_K, 0, 0, action};
}

// The low half of a 64-bit argument: both machines are little-endian, and a domain is an int.
constexpr sock_filter kFilter[] = {
    load(offsetof(seccomp_data, arch)),
    equal(kArchitecture, 1, 0),
    give(kDeny),
    load(offsetof(seccomp_data, nr)),
    at_least(kX32Bit, 5, 0),
    equal(__NR_connect, 4, 0),
    equal(__NR_io_uring_setup, 3, 0),
    equal(__NR_socket, 0, 3),
    load(offsetof(seccomp_data, args[0])),
    equal(AF_UNIX, 1, 0),
    give(kDeny),
    give(SECCOMP_RET_ALLOW),
};

}  // namespace

bool ban_connections() {
  if (kArchitecture == 0) {
    errno = ENOSYS;
    return false;
  }
  const sock_fprog program{sizeof kFilter / sizeof kFilter[0], const_cast<sock_filter*>(kFilter)};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

}  // namespace pgassay
