// What stands between a local throwaway server and the rest of this host: the server runs code of everybody
// who owned a table in the source, as a superuser, and that means whatever its operating system user may do.
// See docs/security.md.
#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/system/fd.h"
#include "core/system/landlock.h"
#include "core/system/subprocess.h"

namespace pgassay::drill {

/// What the server sees of this host beside its programs.
struct Inside {
  std::vector<Path> writable;  ///< under the same paths as outside
  std::vector<Path> readable;
  Path working_dir;
  std::uint64_t memory_bytes = 0;  ///< of /dev/shm
  bool starts_programs = false;    ///< initdb does; a server, once it runs, starts no other program
};

struct WallsWanted {
  bool weak_ones_will_do = false;
  unsigned landlock = kNewestLandlock;  ///< goes by no newer release of it than this
};

/// A command behind the walls, and descriptors that must stay open until it runs.
struct Walled {
  Command command;
  std::vector<Fd> held;
};

/// bwrap (Debian's package bubblewrap) makes namespaces of users, mounts, processes, IPC, network, host name
/// and control groups, in which nothing is mounted but programs, locales, time zones, dictionaries, and
/// Inside. Landlock (core/system/landlock.h) allows the same, beside them or, from kLandlockScopes on, in
/// their place. A filter of system calls (core/system/call_filter.h) and limits of resources hold in any
/// case.
class Walls {
 public:
  /// Tries them with the server's programs, which are in that directory. Throws Unverified when this host
  /// has neither namespaces nor such a Landlock, unless weak ones will do.
  Walls(const Path& bin_dir, const WallsWanted& wanted, std::stop_token stop);

  /// Who the server is: as root a user that was made up for it and owns nothing on this host (without
  /// namespaces nobody, else postgres), otherwise ourselves.
  const std::optional<UserId>& run_as() const { return run_as_; }
  /// It has a /dev/shm of its own; otherwise none, for there lies the memory of other servers.
  bool own_shared_memory() const { return !bwrap_.empty(); }
  /// For the evidence and for people.
  const std::string& described() const { return described_; }

  /// The same command, its environment and descriptors, behind the walls. With `dies_with_us` all of it is
  /// killed when the thread that starts it ends.
  Walled around(Command command, const Inside& inside, bool dies_with_us) const;

 private:
  uid_t uid() const;
  bool trial(std::string& why, const std::stop_token& stop) const;
  std::vector<Path> programs() const;
  std::vector<std::string> namespaces(const Inside& inside, bool dies_with_us) const;
  std::vector<std::string> through_landlock(const Path& ourselves, const Path& program,
                                            const Inside& inside) const;

  Path bin_dir_, bwrap_;
  unsigned landlock_ = 0;  ///< its release; 0: without
  std::optional<UserId> run_as_;
  std::string described_;
  bool proc_ = true;     ///< it has a /proc, of its own processes
  bool copied_ = false;  ///< of this program it gets a copy, in memory
};

/// bwrap mounts, which Landlock forbids, and so it comes last: this program is started once more behind the
/// other walls, takes on the rules and becomes the server. To be called first of all in main(); returns, if
/// at all, because this is no such start, or the exit status of one that failed.
std::optional<int> go_behind_landlock(int argc, char** argv);

}  // namespace pgassay::drill
