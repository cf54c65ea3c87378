#pragma once

namespace pgassay {

/// For a child between fork and exec (async-signal-safe): from here on it and its descendants may make unix
/// sockets only, connect none of them, and use no io_uring, which would go round the filter. They can't gain
/// privileges either (no_new_privs), without which the kernel takes no filter from an ordinary user. False,
/// with errno, when the kernel refuses; ENOSYS on a machine this knows no numbers for. See seccomp(2).
bool ban_connections();

}  // namespace pgassay
