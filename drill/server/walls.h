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
#include "core/system/subprocess.h"

namespace pgassay::drill {

/// What the server sees of this host beside its programs.
struct Inside {
  std::vector<Path> writable;  ///< under the same paths as outside
  std::vector<Path> readable;
  Path working_dir;
  std::uint64_t memory_bytes = 0;  ///< of /dev/shm
};

/// A command behind the walls, and descriptors that must stay open until it runs.
struct Walled {
  Command command;
  std::vector<Fd> held;
};

/// bwrap (Debian's package bubblewrap) makes namespaces of users, mounts, processes, IPC, network, host name
/// and control groups, in which nothing is mounted but programs, locales, time zones, dictionaries, and
/// Inside. A filter of system calls (core/system/call_filter.h) and limits of resources hold in any case.
class Walls {
 public:
  /// Tries them with the server's programs, which are in that directory. Throws Unverified when this host
  /// can't have namespaces, unless weak ones will do: then the server runs without.
  Walls(const Path& bin_dir, bool weak_ones_will_do, std::stop_token stop);

  /// Who the server is: as root a user that was made up for it and owns nothing on this host (without
  /// namespaces postgres, else nobody), otherwise ourselves.
  const std::optional<UserId>& run_as() const { return run_as_; }
  bool weak() const { return bwrap_.empty(); }
  /// For the evidence and for people.
  const std::string& described() const { return described_; }

  /// The same command, its environment and descriptors, behind the walls. With `dies_with_us` all of it is
  /// killed when the thread that starts it ends.
  Walled around(Command command, const Inside& inside, bool dies_with_us) const;

 private:
  uid_t uid() const;
  std::vector<std::string> arguments(const Inside& inside, bool dies_with_us) const;

  Path bin_dir_, bwrap_;
  std::optional<UserId> run_as_;
  std::string described_;
  bool proc_ = true;  ///< it has a /proc, of its own processes
};

}  // namespace pgassay::drill
