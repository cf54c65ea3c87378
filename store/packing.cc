#include "store/packing.h"

#include <algorithm>
#include <bit>
#include <map>
#include <set>

namespace pgassay::store {
namespace {

constexpr std::size_t kFilesInAPack = 64;

struct Grouped {
  std::string group;  ///< the table
  StoredFile file;
};

std::vector<Grouped> rows_of(const Manifest& manifest) {
  std::vector<Grouped> all;
  const auto add = [&](const std::string& group, const Part& part) {
    all.push_back({group, {part.file, part.stored, part.sha}});
  };
  for (const Relation& relation : manifest.relations)
    for (const Part& part : relation.parts) add(relation.name.schema + '\0' + relation.name.name, part);
  for (const Part& part : manifest.large_objects.parts) add("large objects", part);
  if (manifest.large_objects.metadata) add("large objects", *manifest.large_objects.metadata);
  return all;
}

/// Must be the same for ever: by it the packs of one night are those of the next.
std::size_t bucket_of(const std::string& group, std::size_t buckets) {
  const Sha256 sha = sha256_of(as_bytes(group));
  return (std::size_t{sha.bytes[0]} << 16 | std::size_t{sha.bytes[1]} << 8 | sha.bytes[2]) % buckets;
}

}  // namespace

std::uint64_t Unit::bytes() const {
  std::uint64_t sum = 0;
  for (const StoredFile& file : files) sum += file.stored;
  return sum;
}

std::string Unit::identity() const {
  if (!is_pack) return files.front().sha.hex();
  std::string list;
  for (const StoredFile& file : files) list += file.sha.hex() + "\n";
  return sha256_of(as_bytes(list)).hex();
}

std::vector<Unit> units_of(const Manifest& manifest) {
  const std::vector<Grouped> rows = rows_of(manifest);
  const auto small = static_cast<std::size_t>(
      std::ranges::count_if(rows, [](const Grouped& one) { return one.file.stored < kSmallFile; }));
  const std::size_t buckets = std::bit_ceil(std::max<std::size_t>(1, small / kFilesInAPack));
  std::vector<Unit> units;
  std::map<std::size_t, Unit> packs;
  std::set<std::string> seen;
  for (const Grouped& one : rows) {
    if (!seen.insert(one.file.sha.hex()).second) continue;
    if (one.file.stored >= kSmallFile) {
      units.push_back({{one.file}, false});
    } else {
      packs[bucket_of(one.group, buckets)].files.push_back(one.file);
    }
  }
  for (auto& [bucket, pack] : packs) {
    std::ranges::sort(pack.files, {}, [](const StoredFile& file) { return file.sha.hex(); });
    pack.is_pack = true;
    units.push_back(std::move(pack));
  }
  // Large ones first: no worker is left with one at the end.
  std::ranges::stable_sort(units, std::greater<>(), &Unit::bytes);
  return units;
}

std::vector<StoredFile> other_files(const Manifest& manifest) {
  std::set<std::string> rows;
  for (const Grouped& one : rows_of(manifest)) rows.insert(one.file.file);
  std::vector<StoredFile> others = manifest.stored_files();
  std::erase_if(others, [&](const StoredFile& file) { return rows.contains(file.file); });
  return others;
}

}  // namespace pgassay::store
