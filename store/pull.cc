#include "store/pull.h"

#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <map>
#include <memory>

#include "core/repository/stored_manifest.h"
#include "core/system/cancellation.h"
#include "store/tar.h"

namespace pgassay::store {
namespace {

constexpr std::size_t kPullChunk = 256 * 1024;

/// Some bytes of an open file, in chunks. Throws BadBackup when it is too short.
void pass_range(const Fd& from, std::uint64_t offset, std::uint64_t size, const std::string& name,
                const std::function<void(Bytes)>& sink) {
  const auto buffer = std::make_unique_for_overwrite<std::byte[]>(kPullChunk);
  while (size > 0) {
    const ssize_t got = ::pread(from.get(), buffer.get(), std::min<std::uint64_t>(kPullChunk, size),
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

void write_file(const Place& file, const std::function<void(const std::function<void(Bytes)>&)>& source) {
  make_private_dirs(file.parent_path());
  Fd fd = create_file(file);
  source([&](Bytes bytes) { write_all(fd.get(), bytes, file.path()); });
  close_checked(std::move(fd), file.path());
}

class Pulling {
 public:
  Pulling(Reader& reader, const Commit& commit, const Place& dir)
      : reader_(reader), commit_(commit), dir_(dir) {}

  /// All but the rows; what the manifest says is the backup of the commit object.
  void take_files(const std::stop_token& stop);
  void take_rows(unsigned jobs, Observer& observer, const std::stop_token& stop);
  const Manifest& manifest() const { return manifest_; }

 private:
  void take_object(const Bound& object, const std::vector<Placed>& files, const std::stop_token& stop) const;

  Reader& reader_;
  const Commit& commit_;
  const Place& dir_;
  Manifest manifest_;
  std::vector<Placed> placed_;
};

void Pulling::take_files(const std::stop_token& stop) {
  const std::string name = reader_.store().where() + "/" + commit_.files.name;
  const Fd pack = reader_.open(commit_, commit_.files, stop);
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
  if (manifest_.summary.id != commit_.id)
    throw BadBackup(fmt::format("{}: its manifest is of {}, and the commit object of {}", name,
                                manifest_.summary.id.shown(), commit_.id.shown()));
  placed_ = parse_index(text(kIndexFile), name);
  members.erase(kIndexFile);
  for (const auto& [file, member] : members) {
    if (!is_safe_file(file)) throw BadBackup(name + ": " + file + " leads out of the backup");
    write_file(dir_ / file, [&, &member = member](const auto& sink) {
      pass_range(pack, member.offset, member.size, name, sink);
    });
  }
}

void Pulling::take_object(const Bound& object, const std::vector<Placed>& files,
                          const std::stop_token& stop) const {
  const std::string name = reader_.store().where() + "/" + object.name;
  const Fd opened = reader_.open(commit_, object, stop);
  for (const Placed& one : files) {
    Sha256Hasher hasher;
    write_file(dir_ / one.file, [&](const auto& sink) {
      pass_range(opened, one.offset, one.bytes, name, [&](Bytes bytes) {
        hasher.add(bytes);
        sink(bytes);
      });
    });
    if (hasher.finish() != one.sha)
      throw BadBackup(fmt::format("{}: what it holds of {} is not that file", name, one.file));
  }
}

void Pulling::take_rows(unsigned jobs, Observer& observer, const std::stop_token& stop) {
  std::map<std::string, std::vector<Placed>> wanted;
  for (const Placed& one : placed_) wanted[one.object].push_back(one);
  std::vector<const Bound*> objects;
  for (const Bound& object : commit_.parts)
    if (wanted.contains(object.name)) objects.push_back(&object);
  if (objects.size() != wanted.size())
    throw BadBackup(reader_.store().where() +
                    ": the index of the backup names objects that its commit object does not");
  observer.plan(objects.size(), commit_.bytes());
  std::atomic<std::size_t> next = 0;
  run_workers("pull", jobs, stop, [&](unsigned worker, const std::stop_token& token) {
    for (std::size_t at; (at = next++) < objects.size();) {
      const Bound& object = *objects[at];
      observer.part_started(worker, object.name);
      take_object(object, wanted.at(object.name), token);
      observer.advanced(object.bytes, 0);
      observer.part_finished(worker, object.name);
    }
  });
}

/// The files are as the manifest says: what the index said is not believed beyond that.
void check_files(const Manifest& manifest, const Place& dir) {
  for (const StoredFile& file : manifest.stored_files()) {
    const Place place = dir / file.file;
    if (!exists(place)) throw BadBackup(file.file + ": the store's copy of the backup lacks this file");
    const HashedFile hashed = hash_file(place);
    if (hashed.bytes != file.stored || hashed.sha != file.sha)
      throw BadBackup(file.file + ": what the store gave is not what the manifest names");
  }
}

}  // namespace

Place pull(Reader& reader, const Commit& commit, const Repository& repository, unsigned jobs,
           Observer& observer, const std::stop_token& stop) {
  for (const Backup& backup : repository.list({commit.id.source, commit.id.database}))
    if (backup.id == commit.id)
      throw Error(fmt::format("{} is in the repository already: {}", commit.id.shown(), backup.dir.string()),
                  "pgassay verify says whether it is sound; move a damaged one away first");
  PendingBackup pending = repository.begin(commit.id.source, commit.id.database);
  Pulling pulling(reader, commit, pending.dir());
  observer.phase("pull");
  pulling.take_files(stop);
  pulling.take_rows(jobs, observer, stop);
  check_files(pulling.manifest(), pending.dir());
  return std::move(pending).publish_copy(pulling.manifest());
}

}  // namespace pgassay::store
