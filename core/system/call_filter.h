// What a confined child may not ask the kernel for: a seccomp program. See seccomp(2), and
// Documentation/userspace-api/seccomp_filter.rst of Linux.
#pragma once

#include <string>

namespace pgassay {

/// The program, as seccomp(2) and `bwrap --seccomp` take it: an array of struct sock_filter. What runs under
/// it, and all that it starts, makes unix stream sockets only and connects none of them; neither traces other
/// processes nor reads their memory, and changes neither their limits nor their priorities; gives files to
/// nobody else, by owner or mode (0600 and 0700 are the only ones), and no times or attributes; makes no
/// namespace, mounts nothing, uses no io_uring (which goes round the filter), no keyring, no BPF, and nothing
/// that changes the machine (clock, modules, swap, quota). Empty on a machine whose numbers of calls this
/// does not know: it knows x86-64 and arm64.
std::string server_call_filter();

/// For a child between fork and exec (async-signal-safe): takes the program on, and gives up gaining
/// privileges (no_new_privs), without which the kernel takes none from an ordinary user. False, with errno,
/// when the kernel refuses.
bool install_call_filter(const std::string& program);

}  // namespace pgassay
