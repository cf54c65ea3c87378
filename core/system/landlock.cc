#include "core/system/landlock.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>

#include "core/system/error.h"

namespace pgassay {
namespace {

/// linux/landlock.h of newer kernels than the one that this may be built on.
struct RulesetAttributes {
  std::uint64_t files, tcp, scopes;
};
struct [[gnu::packed]] PathBeneath {
  std::uint64_t allowed;
  std::int32_t parent_fd;
};
constexpr int kRulePathBeneath = 1;
constexpr unsigned kAskForRelease = 1;

constexpr std::uint64_t bit(unsigned number) {
  return std::uint64_t{1} << number;
}
constexpr std::uint64_t kExecute = bit(0), kWriteFile = bit(1), kReadFile = bit(2), kReadDir = bit(3);
constexpr std::uint64_t kMakeCharDevice = bit(6), kMakeBlockDevice = bit(11);
constexpr std::uint64_t kRefer = bit(13), kTruncate = bit(14), kIoctlDevice = bit(15);
constexpr std::uint64_t kAllTcp = bit(0) | bit(1), kAllScopes = bit(0) | bit(1);
/// Rights that a rule for a file, not a directory, may name.
constexpr std::uint64_t kOfFiles = kExecute | kWriteFile | kReadFile | kTruncate | kIoctlDevice;

/// All rights over files that a release knows.
constexpr std::uint64_t known_rights(unsigned release) {
  std::uint64_t rights = kRefer - 1;
  if (release >= kLandlockRenames) rights |= kRefer;
  if (release >= 3) rights |= kTruncate;
  if (release >= 5) rights |= kIoctlDevice;
  return rights;
}

void allow(const Fd& rules, const std::vector<Path>& paths, std::uint64_t rights) {
  for (const Path& path : paths) {
    const Fd there(::open(path.c_str(), O_PATH | O_CLOEXEC));
    if (!there && (errno == ENOENT || errno == ENOTDIR)) continue;
    struct stat status {};
    if (!there || ::fstat(there.get(), &status) != 0) throw_errno("can't look at", path);
    const PathBeneath rule{S_ISDIR(status.st_mode) ? rights : rights & kOfFiles, there.get()};
    if (::syscall(SYS_landlock_add_rule, rules.get(), kRulePathBeneath, &rule, 0) != 0)
      throw_errno("can't make a rule of Landlock for", path);
  }
}

}  // namespace

unsigned landlock_release() {
  const long release = ::syscall(SYS_landlock_create_ruleset, nullptr, std::size_t{0}, kAskForRelease);
  return release < 0 ? 0 : static_cast<unsigned>(std::min<long>(release, kNewestLandlock));
}

Fd landlock_rules(const Reach& reach, unsigned release) {
  const std::uint64_t known = known_rights(release);
  const RulesetAttributes attributes{known, release >= 4 ? kAllTcp : 0,
                                     release >= kLandlockScopes ? kAllScopes : 0};
  // An older kernel takes no fields that it does not know.
  const std::size_t size = release < 4                 ? offsetof(RulesetAttributes, tcp)
                           : release < kLandlockScopes ? offsetof(RulesetAttributes, scopes)
                                                       : sizeof attributes;
  Fd rules(static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attributes, size, 0)));
  if (!rules) throw_errno("can't make rules of", "Landlock");
  allow(rules, reach.run, kExecute);
  allow(rules, reach.read, kReadFile | kReadDir);
  allow(rules, reach.write, known & ~(kExecute | kMakeCharDevice | kMakeBlockDevice | kIoctlDevice));
  return rules;
}

bool take_on(const Fd& landlock_rules) {
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::syscall(SYS_landlock_restrict_self, landlock_rules.get(), 0) == 0;
}

}  // namespace pgassay
