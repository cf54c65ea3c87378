#include "backup/disk_check.h"

#include <fmt/format.h>

#include "core/repository/identity.h"
#include "core/system/disk_probe.h"

namespace pgassay::backup {
namespace {

using Weight = PreflightFinding::Weight;

/// As many as of a backup that is being written: what a crash leaves is cleared with those.
constexpr std::size_t kProbeBytes = 8;

/// A backup of a few tables takes as many.
constexpr std::uint64_t kFewInodes = 100;

}  // namespace

std::vector<PreflightFinding> examine_disk(const Repository& repository) {
  std::vector<PreflightFinding> findings;
  const std::string where = repository.root().string();
  const auto warn = [&](const std::string& text, const std::string& hint) {
    findings.push_back({"file system", Weight::warning, where + ": " + text, hint});
  };
  const DiskTraits traits = probe_disk(repository.root() / ".partial" / ("probe." + random_hex(kProbeBytes)));
  if (!traits.links)
    warn("no hard links can be made here: each backup needs its full size",
         "a file system with hard links keeps unchanged files once");
  if (!traits.modes)
    warn("files can't be made private here: who may read them is decided by how it is mounted",
         "mount it so that only this user reads it (umask=077; CIFS: file_mode=0600,dir_mode=0700)");
  if (!traits.renames_over)
    warn("no file replaces another here: evidence and pins are replaced in two steps",
         "what a crash leaves between the two is named FILE.tmp; nothing of a backup is ever replaced");
  if (!traits.flushes_directories)
    warn("directories can't be flushed here: a power failure soon after a backup may lose it",
         "a backup that is there is whole; verify it the next morning");
  if (!traits.locks_files)
    warn("nothing can be locked here: who else is at work is not known, and nothing is pruned",
         "run one pgassay at a time; mount it with locks (NFS: without nolock)");
  else if (!traits.locks_directories)
    warn("directories can't be locked here: files in them are, and older versions of pgassay do not see that",
         "use one version of pgassay on all hosts");
  if (traits.inodes > 0 && traits.free_inodes < kFewInodes)
    findings.push_back(
        {"file system", Weight::refused,
         fmt::format("{}: {} of {} inodes are free", where, traits.free_inodes, traits.inodes),
         "remove files that are not needed; there may be room, and still no file can be made"});
  if (findings.empty())
    findings.push_back({"file system", Weight::passed, "links, modes, renames, flushes and locks work", {}});
  if (traits.folds_case)
    findings.push_back({"file system",
                        Weight::passed,
                        where + ": names that differ by case alone are one here, and get other names",
                        {}});
  return findings;
}

}  // namespace pgassay::backup
