#include "core/system/call_filter.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstddef>
#include <vector>

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
constexpr unsigned kSocketTypes = 0xf;    // without SOCK_CLOEXEC and SOCK_NONBLOCK
constexpr unsigned kNewNamespaces =
    CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;
constexpr unsigned kDeny = SECCOMP_RET_ERRNO | EACCES;
/// The C library then takes clone(), whose flags a filter can read.
constexpr unsigned kAbsent = SECCOMP_RET_ERRNO | ENOSYS;

/// All that initdb and a server ever give: they keep their files to themselves.
constexpr unsigned kPrivateModes[] = {0600, 0700};
constexpr int kFchmodat2 = 452;  // of Linux 6.6

/// Calls that headers of Linux 6.1 have; their numbers are the same on every machine that came after 2019.
constexpr int kForbidden[] = {
    // Others' memory and processes.
    __NR_connect,
    __NR_ptrace,
    __NR_process_vm_readv,
    __NR_process_vm_writev,
    __NR_pidfd_getfd,
    __NR_kcmp,
    __NR_perf_event_open,
    __NR_process_madvise,
    __NR_move_pages,
    __NR_migrate_pages,
    __NR_setpriority,
    __NR_ioprio_set,
    __NR_sched_setparam,
    __NR_sched_setscheduler,
    __NR_sched_setattr,
    __NR_sched_setaffinity,
    // What Landlock leaves open of others' files.
    __NR_fchown,
    __NR_fchownat,
    __NR_utimensat,
    __NR_setxattr,
    __NR_lsetxattr,
    __NR_fsetxattr,
    __NR_removexattr,
    __NR_lremovexattr,
    __NR_fremovexattr,
    // Other worlds.
    __NR_unshare,
    __NR_setns,
    __NR_mount,
    __NR_umount2,
    __NR_pivot_root,
    __NR_chroot,
    __NR_open_tree,
    __NR_move_mount,
    __NR_fsopen,
    __NR_fsconfig,
    __NR_fsmount,
    __NR_fspick,
    __NR_mount_setattr,
    __NR_name_to_handle_at,
    __NR_open_by_handle_at,
    __NR_fanotify_init,
    // What has had more holes than the rest of the kernel.
    __NR_io_uring_setup,
    __NR_io_uring_enter,
    __NR_io_uring_register,
    __NR_bpf,
    __NR_userfaultfd,
    __NR_add_key,
    __NR_request_key,
    __NR_keyctl,
    // The machine.
    __NR_init_module,
    __NR_finit_module,
    __NR_delete_module,
    __NR_kexec_load,
    __NR_kexec_file_load,
    __NR_reboot,
    __NR_swapon,
    __NR_swapoff,
    __NR_quotactl,
    __NR_acct,
    __NR_settimeofday,
    __NR_clock_settime,
    __NR_adjtimex,
    __NR_clock_adjtime,
    __NR_sethostname,
    __NR_setdomainname,
    __NR_syslog,
    __NR_vhangup,
#if defined(__x86_64__)
    __NR_chown,
    __NR_lchown,
    __NR_utime,
    __NR_utimes,
    __NR_futimesat,
    __NR_iopl,
    __NR_ioperm,
    __NR_modify_ldt,
#endif
};

constexpr sock_filter load(std::size_t offset) {
  return {BPF_LD | BPF_W | BPF_ABS, 0, 0, static_cast<unsigned>(offset)};
}
/// The low half of a 64-bit argument: both machines are little-endian, and what is looked at is an int.
constexpr sock_filter load_argument(unsigned number) {
  return load(offsetof(seccomp_data, args) + 8 * number);
}
constexpr sock_filter give(unsigned action) {
  return {BPF_RET | BPF_K, 0, 0, action};
}
/// Goes on after `then` instructions when the loaded word compares so with the value, after `otherwise` when
/// not.
constexpr sock_filter jump(unsigned short how, unsigned value, unsigned char then, unsigned char otherwise) {
  return {static_cast<unsigned short>(BPF_JMP | how | BPF_K), then, otherwise, value};
}

class Program {
 public:
  void add(std::initializer_list<sock_filter> more) { code_.insert(code_.end(), more); }
  /// The loaded word is the call's number, then and afterwards.
  void forbid(int call, unsigned action = kDeny) {
    add({jump(BPF_JEQ, static_cast<unsigned>(call), 0, 1), give(action)});
  }
  /// The same call when its argument has one of these bits.
  void forbid_bits(int call, unsigned argument, unsigned bits) {
    add({jump(BPF_JEQ, static_cast<unsigned>(call), 0, 4), load_argument(argument),
         jump(BPF_JSET, bits, 0, 1), give(kDeny), load(offsetof(seccomp_data, nr))});
  }
  /// The same call unless that argument is one of two values.
  void allow_only(int call, unsigned argument, const unsigned (&values)[2]) {
    add({jump(BPF_JEQ, static_cast<unsigned>(call), 0, 5), load_argument(argument),
         jump(BPF_JEQ, values[0], 2, 0), jump(BPF_JEQ, values[1], 1, 0), give(kDeny),
         load(offsetof(seccomp_data, nr))});
  }
  std::string bytes() const {
    return std::string(reinterpret_cast<const char*>(code_.data()), code_.size() * sizeof(sock_filter));
  }

 private:
  std::vector<sock_filter> code_;
};

}  // namespace

std::string server_call_filter() {
  if (kArchitecture == 0) return {};
  Program program;
  program.add({load(offsetof(seccomp_data, arch)), jump(BPF_JEQ, kArchitecture, 1, 0), give(kDeny),
               load(offsetof(seccomp_data, nr)), jump(BPF_JGE, kX32Bit, 0, 1), give(kDeny)});
  for (const int call : kForbidden) program.forbid(call);
  program.forbid(__NR_clone3, kAbsent);
  program.forbid_bits(__NR_clone, 0, kNewNamespaces);
  program.forbid(kFchmodat2, kAbsent);
  program.allow_only(__NR_fchmod, 1, kPrivateModes);
  program.allow_only(__NR_fchmodat, 2, kPrivateModes);
#if defined(__x86_64__)
  program.allow_only(__NR_chmod, 1, kPrivateModes);
#endif
  program.allow_only(__NR_prlimit64, 0, {0, 0});  // of others' limits
  // A datagram socket needs no connect() to reach somebody.
  for (const int call : {__NR_socket, __NR_socketpair})
    program.add({jump(BPF_JEQ, static_cast<unsigned>(call), 0, 7),
                 load_argument(0),
                 jump(BPF_JEQ, AF_UNIX, 1, 0),
                 give(kDeny),
                 load_argument(1),
                 {BPF_ALU | BPF_AND | BPF_K, 0, 0, kSocketTypes},
                 jump(BPF_JEQ, SOCK_STREAM, 1, 0),
                 give(kDeny)});
  program.add({load(offsetof(seccomp_data, nr)), jump(BPF_JEQ, __NR_ioctl, 0, 3), load_argument(1),
               jump(BPF_JEQ, TIOCSTI, 0, 1), give(kDeny), give(SECCOMP_RET_ALLOW)});
  return program.bytes();
}

bool install_call_filter(const std::string& program) {
  // The kernel only reads it.
  auto* code = const_cast<sock_filter*>(reinterpret_cast<const sock_filter*>(program.data()));
  const sock_fprog whole{static_cast<unsigned short>(program.size() / sizeof(sock_filter)), code};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &whole) == 0;
}

}  // namespace pgassay
