#include <fmt/format.h>

#include <algorithm>

#include "core/repository/layout.h"
#include "core/repository/manifest.h"

namespace pgassay {
namespace {

class Checker {
 public:
  explicit Checker(const Manifest& manifest) : manifest_(manifest) {}

  std::vector<Contradiction> check() {
    if (!is_stamp(manifest_.summary.id.stamp))
      add("id", "its stamp is no time: " + manifest_.summary.id.stamp);
    check_files();
    for (const Relation& relation : manifest_.relations) check_relation(relation);
    check_roots();
    check_large_objects();
    check_summary();
    return std::move(found_);
  }

 private:
  void add(std::string where, std::string detail) { found_.push_back({std::move(where), std::move(detail)}); }

  void check_files() {
    const std::vector<StoredFile> files = manifest_.stored_files();
    for (std::size_t i = 0; i < files.size(); ++i) {
      const std::string& file = files[i].file;
      const bool ours =
          file == kManifestFile || file == kSumsFile || file.starts_with(std::string(kEvidenceDir) + "/");
      if (!is_safe_file(file) || ours) add(file, "is no file that a backup may name");
      if (i > 0 && files[i - 1].file == file) add(file, "is named twice");
    }
  }

  /// Of earlier versions: ranges that follow each other from page 0 and leave the end open.
  void check_ranges(const std::string& where, const std::vector<Part>& parts) {
    if (std::ranges::none_of(parts, [](const Part& part) { return part.pages.has_value(); })) return;
    std::optional<std::uint32_t> next = 0;
    for (const Part& part : parts) {
      if (!part.pages) return add(where, part.file + " has no page range beside parts that have");
      const auto [first, end] = *part.pages;
      if (!next || first != *next)
        return add(where, part.file + ": its pages do not follow the part before it");
      if (end && *end <= first) return add(where, part.file + ": its page range is empty");
      next = end;
    }
    if (next) add(where, fmt::format("no part holds the pages from {} on", *next));
  }

  void compare(const std::string& where, const RowDigest& sum, const RowDigest& digest, const char* what) {
    if (sum.rows != digest.rows) {
      add(where, fmt::format("rows: {} of its {}, {} its own", sum.rows, what, digest.rows));
    } else if (sum.sum != digest.sum) {
      add(where, fmt::format("digest: {} of its {}, {} its own", sum.hex(), what, digest.hex()));
    }
  }

  void check_relation(const Relation& relation) {
    const std::string where = relation.name.shown();
    if (std::string_view("rpmf").find(relation.kind) == std::string_view::npos)
      add(where, "is of no known kind");
    if (relation.generated_digest &&
        relation.generated_digest->columns.size() != digested_names(relation.generated).size())
      add(where, "generated_digest: not as many columns as are generated and digested");
    if (relation.kind == 'p' || relation.data != Data::copied) {
      if (!relation.parts.empty()) add(where, "has parts, but can have none");
      if (relation.kind != 'p') compare(where, {}, relation.digest, "parts");
      return;
    }
    check_ranges(where, relation.parts);
    compare(where, sum_of(relation.parts), relation.digest, "parts");
  }

  static RowDigest sum_of(const std::vector<Part>& parts) {
    RowDigest sum;
    for (const Part& part : parts) sum.merge(part.digest);
    return sum;
  }

  void check_roots() {
    std::map<QualifiedName, RowDigest> sums;
    std::map<QualifiedName, RowFormat> formats;
    for (const Relation& relation : manifest_.relations) {
      if (relation.root && relation.kind != 'p') sums[*relation.root].merge(relation.digest);
      if (relation.kind == 'p') formats[relation.name] = relation.format;
    }
    for (const Relation& relation : manifest_.relations) {
      const bool counts = relation.kind != 'f' && relation.data != Data::excluded;
      if (relation.root && counts) check_format(relation, formats);
      if (relation.kind != 'p' || relation.root) continue;
      compare(relation.name.shown(), sums[relation.name], relation.digest, "partitions");
    }
  }

  /// Digests of rows in two formats have no sum.
  void check_format(const Relation& leaf, const std::map<QualifiedName, RowFormat>& formats) {
    const auto root = formats.find(*leaf.root);
    if (root != formats.end() && root->second != leaf.format)
      add(leaf.name.shown(), "its rows are not of the format that its root names");
  }

  void check_large_objects() {
    const LargeObjects& large_objects = manifest_.large_objects;
    compare("large_objects", sum_of(large_objects.parts), large_objects.digest, "parts");
    const std::uint64_t listed = large_objects.metadata ? large_objects.metadata->digest.rows : 0;
    if (listed != large_objects.count) {
      add("large_objects", fmt::format("count: {} in its metadata, {} its own", listed, large_objects.count));
    }
  }

  void check_summary() {
    const Manifest::Sums sums = manifest_.sums();
    const ManifestSummary& own = manifest_.summary;
    const auto compare_sum = [&](const char* what, std::uint64_t sum, std::uint64_t said) {
      if (sum != said) add(what, fmt::format("{} by the summary, {} in sum", said, sum));
    };
    if (sums.overflow) add("numbers", "their sum passes 2^64");
    compare_sum("raw_bytes", sums.raw_bytes, own.raw_bytes);
    compare_sum("stored_bytes", sums.stored_bytes, own.stored_bytes);
    compare_sum("rows", sums.rows, own.rows);
    compare_sum("tables", sums.tables, own.tables);
    if (own.new_bytes > own.stored_bytes) add("new_bytes", "more than stored_bytes");
  }

  const Manifest& manifest_;
  std::vector<Contradiction> found_;
};

}  // namespace

std::vector<Contradiction> contradictions(const Manifest& manifest) {
  return Checker(manifest).check();
}

}  // namespace pgassay
