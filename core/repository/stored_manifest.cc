#include "core/repository/stored_manifest.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/repository/layout.h"
#include "core/repository/names.h"
#include "core/repository/repository.h"
#include "core/system/subprocess.h"

namespace pgassay {
namespace {

/// The summary ends within it: its longest field is the label, an argument of a command line.
constexpr std::size_t kHead = 256 * 1024;

/// What is out of reach may be sound.
[[noreturn]] void throw_as_bad(const Error& error) {
  if (error.is(ErrorKind::system) && !error.is_loss()) error.raise();
  throw BadBackup(error.what(), error.hint(), error);
}

std::string read_or_bad(const Place& file, std::size_t limit = kLongestManifest) {
  try {
    return read_file(file, limit);
  } catch (const Error& error) {
    throw_as_bad(error);
  }
}

void check_against_sums(const Place& backup_dir, const Sha256& sha) {
  if (manifest_sha_in(read_or_bad(backup_dir / kSumsFile)) == sha) return;
  throw BadBackup(fmt::format("{}: {}", backup_dir.string(), kManifestMismatch),
                  "one of the two was damaged or changed: pgassay verify says more");
}

struct Head {
  std::string text;
  Sha256 sha;
};

Head read_head(const Place& file) {
  const Fd fd = open_for_reading(file);
  Head head;
  Sha256Hasher hasher;
  std::vector<std::byte> buffer(kHead);
  std::uint64_t all = 0;
  while (const std::size_t got = read_some(fd.get(), buffer, file.path())) {
    if ((all += got) > kLongestManifest)
      throw BadBackup(fmt::format("{}: longer than any manifest", file.string()));
    const Bytes bytes(buffer.data(), got);
    hasher.add(bytes);
    head.text += as_text(bytes.first(std::min(got, kHead - head.text.size())));
  }
  head.sha = hasher.finish();
  return head;
}

}  // namespace

std::optional<Sha256> manifest_sha_in(std::string_view sums) {
  constexpr std::size_t kDigits = 64;
  const std::string_view line = sums.substr(0, sums.find('\n'));
  if (line.size() <= kDigits || line.substr(kDigits) != "  " + std::string(kManifestFile)) return {};
  try {
    return Sha256::parse(line.substr(0, kDigits));
  } catch (const Error&) {
    return {};
  }
}

ManifestSummary read_stored_summary(const Place& backup_dir) {
  const Place file = backup_dir / kManifestFile;
  Head head;
  try {
    head = read_head(file);
  } catch (const Error& error) {
    throw_as_bad(error);
  }
  check_against_sums(backup_dir, head.sha);
  return parse_manifest_summary(head.text, file.path());
}

Manifest read_manifest(const Place& backup_dir) {
  const Place file = backup_dir / kManifestFile;
  const std::string text = read_or_bad(file);
  check_against_sums(backup_dir, sha256_of(as_bytes(text)));
  Manifest manifest = parse_manifest(text, file.path());
  if (!lies_where_it_belongs(backup_dir, manifest.summary.id))
    throw misplaced(backup_dir, manifest.summary.id);
  return manifest;
}

bool lies_where_it_belongs(const Place& backup_dir, const BackupId& id) {
  const Place database = backup_dir.parent_path(), source = database.parent_path();
  if (backup_dir.filename() != id.stamp || !stands_for(database.filename(), id.database)) return false;
  if (stands_for(source.filename(), id.source)) return true;
  const std::vector<std::string> names = read_source_names(source.parent_path()).names_of(id.source);
  return std::ranges::any_of(names,
                             [&](const std::string& name) { return stands_for(source.filename(), name); });
}

BadBackup misplaced(const Place& backup_dir, const BackupId& says) {
  const Place root = backup_dir.parent_path().parent_path().parent_path();
  const Place home = home_of(root, says.source, says.database) / says.stamp;
  return BadBackup(
      fmt::format("{} is not what its place says: by its manifest it is {}, which belongs in {}",
                  backup_dir.string(), says.shown(), home.string()),
      fmt::format("if {0} is free, move it back: mkdir -p {1} && mv {2} {0}; else move it out of "
                  "the repository",
                  shell_word(home.string()), shell_word(home.parent_path().string()),
                  shell_word(backup_dir.string())));
}

}  // namespace pgassay
