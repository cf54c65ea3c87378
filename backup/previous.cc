#include "backup/previous.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <span>
#include <vector>

namespace pgassay::backup {
namespace {

/// Of pg_dump's custom format: where it says when it was made (seven integers, each a sign and its bytes).
/// Ahead of it: "PGDMP", the format's version (three bytes), the bytes of an integer and of an offset, the
/// format, and the compression: an integer, from version 1.15 on a byte. See pg_backup_archiver.c,
/// WriteHead().
struct TimeInHead {
  std::size_t begin = 0, end = 0;
};
constexpr std::size_t kHeadAtMost = 128;

std::optional<TimeInHead> time_in_head(std::span<const std::byte> head) {
  constexpr std::size_t kFixed = 11;
  if (head.size() < kHeadAtMost || std::memcmp(head.data(), "PGDMP", 5) != 0) return std::nullopt;
  const auto byte = [&](std::size_t at) { return std::to_integer<std::size_t>(head[at]); };
  const std::size_t integer = 1 + byte(8);
  if (byte(5) != 1 || integer > 9) return std::nullopt;
  const std::size_t begin = kFixed + (byte(6) >= 15 ? 1 : integer);
  return TimeInHead{begin, begin + 7 * integer};
}

std::size_t fill(const Fd& fd, std::span<std::byte> buffer, const Path& name) {
  std::size_t filled = 0;
  for (std::size_t got; (got = read_some(fd.get(), buffer.subspan(filled), name)) > 0;) filled += got;
  return filled;
}

/// But for the time in their heads.
bool is_same_archive(const Place& one, const Place& other) {
  const Fd first = open_for_reading(one), second = open_for_reading(other);
  std::vector<std::byte> a(std::size_t{1} << 16), b(a.size());
  for (bool head = true;; head = false) {
    const std::size_t size = fill(first, a, one.path());
    if (fill(second, b, other.path()) != size) return false;
    if (size == 0) return true;
    if (head) {
      const auto time = time_in_head(std::span(a).first(size));
      if (!time) return false;
      std::copy(a.begin() + static_cast<std::ptrdiff_t>(time->begin),
                a.begin() + static_cast<std::ptrdiff_t>(time->end),
                b.begin() + static_cast<std::ptrdiff_t>(time->begin));
    }
    if (std::memcmp(a.data(), b.data(), size) != 0) return false;
  }
}

}  // namespace

std::string origins_differ(const Manifest& before, const Manifest& now,
                           const std::set<std::string>& same_servers) {
  const std::string &old_server = before.server.system_identifier, &server = now.server.system_identifier;
  if (old_server != server && same_servers.contains(old_server) && same_servers.contains(server)) return {};
  if (!old_server.empty() && !server.empty() && old_server != server)
    return fmt::format("{} is of another server (system identifier {}, here {})", before.summary.id.shown(),
                       old_server, server);
  const Oid old_oid = before.database.oid, oid = now.database.oid;
  if (old_oid == Oid::none || oid == Oid::none || old_oid == oid) return {};
  return fmt::format("{} is of another database of that name (oid {}, here {}): it was made anew since",
                     before.summary.id.shown(), to_string(old_oid), to_string(oid));
}

PreviousBackup::PreviousBackup(const Repository& repository, Backup backup, bool share)
    : backup_(std::move(backup)),
      lease_(repository.lease(backup_)),
      manifest_(read_manifest(backup_.dir)),
      share_(share) {
  const auto add = [this](const Part& part) { parts_[part.sha].push_back(part.file); };
  for (const Relation& relation : manifest_.relations) {
    for (const Part& part : relation.parts) add(part);
  }
  for (const Part& part : manifest_.large_objects.parts) add(part);
  if (manifest_.large_objects.metadata) add(*manifest_.large_objects.metadata);
}

bool PreviousBackup::take_place_of(const Place& new_dir, const Part& part) {
  if (!may_have(part)) return false;
  // The one of the same name first: many small tables have the same bytes, and are better off with a file
  // each.
  constexpr std::size_t kTried = 4;
  const std::vector<std::string>& files = parts_.at(part.sha);
  std::vector<std::string> tried(files.begin(), files.begin() + std::min(files.size(), kTried));
  if (std::ranges::find(files, part.file) != files.end()) tried.insert(tried.begin(), part.file);
  return std::ranges::any_of(tried, [&](const std::string& file) {
    const Place old = backup_.dir / file, replaced = new_dir / part.file;
    const auto known = read_.find(file);
    if (known != read_.end()) return known->second == Reuse::linked && link_over(old, replaced);
    const Reuse reuse = reuse_part(old, part.sha, replaced);
    read_[file] = reuse;
    return became(reuse, file);
  });
}

bool PreviousBackup::became(Reuse reuse, const std::string& file) {
  if (reuse == Reuse::rotten)
    rotten_.push_back(
        {file, "sha256", "its bytes are no longer what was written; a newer backup stored them anew"});
  return reuse == Reuse::linked;
}

bool PreviousBackup::take_place_of(const Place& new_dir, StoredFile& file) {
  if (!share_) return false;
  const auto old = std::ranges::find(manifest_.files, file.file, &StoredFile::file);
  if (old == manifest_.files.end() || old->stored != file.stored) return false;
  const Place there = backup_.dir / old->file, replaced = new_dir / file.file;
  if (old->sha != file.sha && !(file.file.ends_with(".pgdump") && is_same_archive(there, replaced)))
    return false;
  if (!became(reuse_part(there, old->sha, replaced), file.file)) return false;
  file.sha = old->sha;
  return true;
}

}  // namespace pgassay::backup
