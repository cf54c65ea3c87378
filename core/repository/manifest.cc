#include "core/repository/manifest.h"

#include <algorithm>

#include "core/repository/layout.h"

namespace pgassay {
namespace {

void add_file(std::vector<StoredFile>& files, const Part& part) {
  files.push_back({part.file, part.stored, part.sha});
}

}  // namespace

const Relation* Manifest::find(const QualifiedName& name) const {
  const auto found =
      std::find_if(relations.begin(), relations.end(), [&](const auto& r) { return r.name == name; });
  return found == relations.end() ? nullptr : &*found;
}

std::uint64_t Relation::raw_bytes() const {
  std::uint64_t bytes = 0;
  for (const Part& part : parts) bytes += part.raw;
  return bytes;
}

std::uint64_t Relation::stored_bytes() const {
  std::uint64_t bytes = 0;
  for (const Part& part : parts) bytes += part.stored;
  return bytes;
}

std::vector<StoredFile> Manifest::stored_files() const {
  std::vector<StoredFile> out = files;
  for (const Part& part : large_objects.parts) add_file(out, part);
  if (large_objects.metadata) add_file(out, *large_objects.metadata);
  for (const Relation& relation : relations) {
    for (const Part& part : relation.parts) add_file(out, part);
  }
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.file < b.file; });
  return out;
}

Manifest::Sums Manifest::sums() const {
  Sums sums;
  std::uint64_t rows_of_parts = 0, rows_of_relations = 0;
  const auto sum = [&](std::uint64_t& to, std::uint64_t number) {
    sums.overflow |= __builtin_add_overflow(to, number, &to);
  };
  const auto add = [&](const Part& part) {
    sum(sums.raw_bytes, part.raw);
    sum(sums.stored_bytes, part.stored);
    sum(rows_of_parts, part.digest.rows);
  };
  for (const StoredFile& file : files) sum(sums.stored_bytes, file.stored);
  for (const Part& part : large_objects.parts) add(part);
  if (large_objects.metadata) add(*large_objects.metadata);
  for (const Relation& relation : relations) {
    for (const Part& part : relation.parts) add(part);
    if (relation.kind != 'p') sum(rows_of_relations, relation.digest.rows);
    if (relation.kind == 'p' || relation.data != Data::copied) continue;
    sum(sums.rows, relation.digest.rows);
    ++sums.tables;
  }
  return sums;
}

std::string sha256sums(const Manifest& manifest, const Sha256& manifest_sha) {
  std::string out = manifest_sha.hex() + "  " + std::string(kManifestFile) + "\n";
  for (const StoredFile& file : manifest.stored_files()) out += file.sha.hex() + "  " + file.file + "\n";
  return out;
}

}  // namespace pgassay
