// What a process may do to files, told to the kernel by path and not by owner and mode: Landlock. See
// landlock(7) and Documentation/userspace-api/landlock.rst of Linux.
#pragma once

#include <vector>

#include "core/system/fd.h"

namespace pgassay {

/// Files, and directories with all that is beneath them. What is absent is left out.
struct Reach {
  std::vector<Path> run;    ///< may be started
  std::vector<Path> read;   ///< files read, directories listed
  std::vector<Path> write;  ///< that, and made, changed, cut, renamed and removed
};

/// Releases of Landlock, each with what the ones before have (Debian 12's kernel has 2, Debian 13's 6).
inline constexpr unsigned kLandlockRenames = 2;  ///< from here on files may be renamed between directories
inline constexpr unsigned kLandlockScopes = 6;   ///< signals and abstract sockets reach nobody outside
inline constexpr unsigned kNewestLandlock = 7;

/// What this kernel has, at most kNewestLandlock; 0 where it has none, or where that is switched off.
unsigned landlock_release();

/// Rules of that release, at most what landlock_release() says: what `reach` does not allow is refused
/// (EACCES), and so is TCP from 4, control of devices from 5, and what kLandlockScopes says. Throws Error.
Fd landlock_rules(const Reach& reach, unsigned release);

/// This process and all that it starts are held to the rules for good, and give up gaining privileges.
/// False, with errno, when the kernel refuses.
bool take_on(const Fd& landlock_rules);

}  // namespace pgassay
