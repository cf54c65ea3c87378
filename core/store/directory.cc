#include "core/store/directory.h"

#include <fmt/format.h>
#include <sys/random.h>

#include <algorithm>
#include <cerrno>

#include "core/system/cancellation.h"
#include "core/system/error.h"

namespace pgassay {
namespace {

constexpr std::size_t kFileChunk = 256 * 1024;

/// Nobody lists what begins with a dot.
std::string hidden_name() {
  std::uint64_t random = 0;
  if (::getrandom(&random, sizeof random, 0) != sizeof random) throw_errno("cannot read", "getrandom");
  return fmt::format(".{:016x}.tmp", random);
}

bool is_hidden_below(const std::string& name) {
  return name.starts_with('.') || name.find("/.") != std::string::npos;
}

struct Temporary {
  Place file;
  bool renamed = false;
  ~Temporary() {
    if (renamed) return;
    try {
      remove_tree(file);
    } catch (const std::exception&) {
      // It is hidden, and the next one has another name.
    }
  }
};

}  // namespace

DirectoryStore::DirectoryStore(const Path& root) : root_(root) {
  if (!is_directory(root_))
    throw UsageError(fmt::format("the store file://{} is not there: no such directory", root.string()),
                     "mount the disk, or make the directory; pgassay does not, for a disk that is not "
                     "mounted would be taken for an empty one");
}

Put DirectoryStore::put_new(const std::string& name, const ObjectBody& body, const std::stop_token& stop) {
  check_object_name(name);
  const Place file = root_ / name;
  if (exists(file)) return Put::taken;
  make_private_dirs(file.parent_path());
  Temporary temporary{file.parent_path() / hidden_name()};
  {
    Fd fd = create_file(temporary.file);
    const auto buffer = std::make_unique_for_overwrite<std::byte[]>(kFileChunk);
    Sha256Hasher hasher;
    for (std::uint64_t at = 0; at < body.size;) {
      throw_if_stopped(stop);
      const std::span<std::byte> chunk(buffer.get(), std::min<std::uint64_t>(kFileChunk, body.size - at));
      body.read(at, chunk);
      hasher.add(chunk);
      write_all(fd.get(), chunk, temporary.file.path());
      at += chunk.size();
    }
    if (hasher.finish() != body.sha) return Put::corrupted;
    flush_to_disk(fd, temporary.file.path());
    close_checked(std::move(fd), temporary.file.path());
  }
  if (!rename_noreplace(temporary.file, file)) return Put::taken;
  temporary.renamed = true;
  fsync_path(file.parent_path());
  return Put::stored;
}

bool DirectoryStore::get(const std::string& name, const std::function<void(Bytes)>& sink,
                         const std::stop_token& stop) {
  check_object_name(name);
  const Place file = root_ / name;
  if (!exists(file)) return false;
  const Fd fd = open_for_reading(file);
  const auto buffer = std::make_unique_for_overwrite<std::byte[]>(kFileChunk);
  while (const std::size_t got = read_some(fd.get(), {buffer.get(), kFileChunk}, file.path())) {
    throw_if_stopped(stop);
    sink({buffer.get(), got});
  }
  return true;
}

std::optional<std::uint64_t> DirectoryStore::head(const std::string& name, const std::stop_token&) {
  check_object_name(name);
  const Place file = root_ / name;
  if (!exists(file)) return std::nullopt;
  return size_of_file(file);
}

Listing DirectoryStore::list(const std::string& prefix, Depth depth, const std::stop_token& stop) {
  Listing listing;
  const Place dir = prefix.empty() ? root_ : root_ / prefix.substr(0, prefix.size() - 1);
  if (!exists(dir)) return listing;
  const std::vector<std::string> names = depth == Depth::all ? list_files(dir) : list_names(dir);
  for (const std::string& name : names) {
    throw_if_stopped(stop);
    if (is_hidden_below(name)) continue;
    const Place place = dir / name;
    if (depth == Depth::one && is_directory(place)) {
      listing.below.push_back(prefix + name + "/");
    } else if (exists(place)) {
      listing.objects.push_back({prefix + name, size_of_file(place)});
    }
  }
  std::ranges::sort(listing.objects, {}, &StoredObject::name);
  return listing;
}

bool DirectoryStore::remove(const std::string& name, const std::stop_token&) {
  check_object_name(name);
  const Place file = root_ / name;
  try {
    if (exists(file)) remove_tree(file);
  } catch (const SystemError& error) {
    if (error.number() == EACCES || error.number() == EPERM || error.number() == EROFS) return false;
    error.raise();
  }
  return true;
}

}  // namespace pgassay
