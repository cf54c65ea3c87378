#include "store/unpacking.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <set>

#include "core/repository/layout.h"
#include "core/repository/stored_manifest.h"
#include "store/packing.h"
#include "store/tar.h"

namespace pgassay::store {
namespace {

constexpr std::size_t kUnpackChunk = 256 * 1024, kLongestEvidence = std::size_t{64} << 20;

/// Some bytes of an open file, in chunks. Throws BadBackup when it is too short.
void pass_range(const Fd& from, std::uint64_t offset, std::uint64_t size, const std::string& name,
                const std::function<void(Bytes)>& sink) {
  const auto buffer = std::make_unique_for_overwrite<std::byte[]>(kUnpackChunk);
  while (size > 0) {
    const ssize_t got = ::pread(from.get(), buffer.get(), std::min<std::uint64_t>(kUnpackChunk, size),
                                static_cast<off_t>(offset));
    if (got < 0) throw_errno("can't read", name);
    if (got == 0) throw BadBackup(name + ": it is shorter than the index of the backup says");
    sink({buffer.get(), static_cast<std::size_t>(got)});
    offset += static_cast<std::uint64_t>(got);
    size -= static_cast<std::uint64_t>(got);
  }
}

std::string text_of(const Fd& from, const TarMember& member, const std::string& name) {
  std::string text;
  if (member.size > kLongestManifest) throw BadBackup(name + ": it is longer than any manifest");
  pass_range(from, member.offset, member.size, name, [&](Bytes bytes) { text += as_text(bytes); });
  return text;
}

/// Returns the SHA-256 of what was written.
Sha256 write_range(const Place& file, const Fd& from, std::uint64_t offset, std::uint64_t size,
                   const std::string& name) {
  make_private_dirs(file.parent_path());
  Fd fd = create_file(file);
  Sha256Hasher hasher;
  pass_range(from, offset, size, name, [&](Bytes bytes) {
    hasher.add(bytes);
    write_all(fd.get(), bytes, file.path());
  });
  close_checked(std::move(fd), file.path());
  return hasher.finish();
}

/// A member beside the manifest's own files: what was proved, or said, of the backup later.
bool is_evidence_file(const std::string& file) {
  const std::string prefix = std::string(kEvidenceDir) + "/";
  return file.starts_with(prefix) && file.ends_with(".json") &&
         file.find('/', prefix.size()) == std::string::npos;
}

}  // namespace

Unpacked::Unpacked(Reader& reader, const Commit& commit, const Place& dir, const std::stop_token& stop) {
  const std::string name = reader.store().where() + "/" + commit.files.name;
  const Fd pack = reader.open(commit, commit.files, stop);
  std::map<std::string, TarMember> members;
  for (TarMember& member : tar_members(pack, name)) members.emplace(member.name, member);
  const auto text = [&](const std::string& member) {
    const auto found = members.find(member);
    if (found == members.end()) throw BadBackup(name + ": " + member + " is not in it");
    return text_of(pack, found->second, name);
  };
  const std::string manifest = text(std::string(kManifestFile)), sums = text(std::string(kSumsFile));
  if (manifest_sha_in(sums) != sha256_of(as_bytes(manifest)))
    throw BadBackup(name + ": " + std::string(kManifestMismatch));
  manifest_ = parse_manifest(manifest, name);
  if (manifest_.summary.id != commit.id)
    throw BadBackup(fmt::format("{}: its manifest is of {}, and the commit object of {}", name,
                                manifest_.summary.id.shown(), commit.id.shown()));
  std::map<std::string, const Bound*> objects;
  for (const Bound& part : commit.parts) objects.emplace(part.name, &part);
  std::map<std::string, std::vector<Placed>> by_object;
  const std::vector<Placed> placed = parse_index(text(kIndexFile), name);
  for (const Placed& one : placed) by_object[one.object].push_back(one);
  for (auto& [object, files] : by_object) {
    const auto bound = objects.find(object);
    if (bound == objects.end())
      throw BadBackup(name +
                      ": the index of the backup names an object that its commit object does not: " + object);
    rows_.emplace_back(*bound->second, std::move(files));
  }
  compare_index(placed, name);
  members.erase(kIndexFile);
  std::map<std::string, Sha256> expected;
  for (const StoredFile& file : other_files(manifest_)) expected[file.file] = file.sha;
  for (const auto& [file, member] : members) {
    const bool is_known = expected.contains(file) || file == kManifestFile || file == kSumsFile;
    if (!is_safe_file(file) || (!is_known && !is_evidence_file(file)))
      throw BadBackup(fmt::format("{}: {} is no file of a backup", name, file));
    if (!is_known && member.size > kLongestEvidence)
      throw BadBackup(name + ": it is longer than any evidence: " + file);
    const Sha256 sha = write_range(dir / file, pack, member.offset, member.size, name);
    const auto named = expected.find(file);
    if (named != expected.end() && named->second != sha)
      throw BadBackup(file + ": what the store gave is not what the manifest names");
    if (named != expected.end()) expected.erase(named);
  }
  if (!expected.empty())
    throw BadBackup(expected.begin()->first + ": the store's copy of the backup lacks this file");
}

/// What the index says is not believed beyond the manifest: each file of rows is there once, with its size
/// and sum.
void Unpacked::compare_index(const std::vector<Placed>& placed, const std::string& where) {
  std::map<std::string, const Placed*> by_file;
  for (const Placed& one : placed)
    if (!by_file.emplace(one.file, &one).second)
      throw BadBackup(where + ": the index of the backup names a file twice: " + one.file);
  std::set<std::string> others;
  for (const StoredFile& file : other_files(manifest_)) others.insert(file.file);
  std::size_t found = 0;
  for (const StoredFile& file : manifest_.stored_files()) {
    if (others.contains(file.file)) continue;
    const auto at = by_file.find(file.file);
    if (at == by_file.end()) throw BadBackup(file.file + ": the store's copy of the backup lacks this file");
    if (at->second->bytes != file.stored || at->second->sha != file.sha)
      throw BadBackup(file.file + ": what the store has is not what the manifest names");
    ++found;
  }
  if (found != by_file.size())
    throw BadBackup(where + ": the index of the backup names files that the manifest does not");
}

std::uint64_t Unpacked::bytes_of_rows() const {
  std::uint64_t sum = 0;
  for (const auto& [object, files] : rows_) sum += object.bytes;
  return sum;
}

bool is_one_file(const std::vector<Placed>& files) {
  return std::ranges::all_of(files, [](const Placed& one) { return one.offset == 0; });
}

void unpack_object(Reader& reader, const Commit& commit, const Bound& object,
                   const std::vector<Placed>& files, const Place& dir, const std::stop_token& stop) {
  const std::string name = reader.store().where() + "/" + object.name;
  const Fd opened = reader.open(commit, object, stop);
  for (const Placed& one : files) {
    remove_tree(dir / one.file);
    if (write_range(dir / one.file, opened, one.offset, one.bytes, name) != one.sha)
      throw BadBackup(fmt::format("{}: what it holds of {} is not that file", name, one.file));
  }
}

}  // namespace pgassay::store
