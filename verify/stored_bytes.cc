#include "verify/stored_bytes.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "core/repository/evidence.h"
#include "core/repository/stored_manifest.h"
#include "core/system/cancellation.h"
#include "verify/file_reader.h"

namespace pgassay::verify {
namespace {

constexpr std::uint64_t kTooLong = std::uint64_t{1} << 30;

class StoredBytesCheck {
 public:
  StoredBytesCheck(const Place& dir, const VerifyOptions& options, VerifyFindings& findings,
                   Observer& observer)
      : dir_(dir),
        options_(options),
        findings_(findings),
        observer_(observer),
        reader_(dir_, findings, observer) {}

  StoredBytes check(const std::stop_token& stop) {
    read_manifest_file();
    if (!result_.manifest) return without_manifest();
    compare_sums();
    expect_files();
    list_directory();
    read_files(stop);
    conclude();
    return std::move(result_);
  }

 private:
  void read_manifest_file() {
    const std::string file(kManifestFile);
    try {
      if (!exists(dir_ / file)) return findings_.add(check::kManifest, {file, "missing", "is not there"});
      const std::string text = read_file(dir_ / file, kLongestManifest);
      manifest_sha_ = sha256_of(as_bytes(text));
      result_.manifest = decode_manifest(text, (dir_ / file).path());
      for (const Contradiction& found : contradictions(*result_.manifest)) {
        findings_.add(check::kManifest,
                      {file, "manifest", "contradicts itself: " + found.where + ": " + found.detail});
      }
    } catch (const NewerFormat& error) {
      findings_.unverified(check::kManifest, error.what() + ("; " + error.hint()));
    } catch (const SystemError& error) {
      take(error, check::kManifest, file);
    } catch (const Error& error) {
      findings_.add(check::kManifest, {file, "manifest", error.what()});
    }
  }

  /// Damage, or only out of reach?
  void take(const SystemError& error, const char* check, const std::string& file) {
    if (error.is_loss()) return findings_.add(check, {file, "read", error.what()});
    findings_.unverified(check, error.what());
  }

  StoredBytes without_manifest() {
    result_.checks.push_back(findings_.conclude(check::kManifest, ""));
    for (const char* name :
         {check::kSums, check::kFiles, check::kParts, check::kInventory, check::kGlobals}) {
      result_.checks.push_back(
          {name, Verdict::unverified, "nothing to compare with: the manifest cannot be read"});
    }
    return std::move(result_);
  }

  void compare_sums() {
    const std::string file(kSumsFile);
    std::string stored;
    try {
      if (!exists(dir_ / file)) return findings_.add(check::kSums, {file, "missing", "is not there"});
      stored = read_file(dir_ / file, kLongestManifest);
    } catch (const SystemError& error) {
      return take(error, check::kSums, file);
    } catch (const Error& error) {
      return findings_.add(check::kSums, {file, "read", error.what()});
    }
    std::string expected = sha256sums(*result_.manifest, manifest_sha_);
    const auto named = manifest_sha_in(stored);
    if (named && *named != manifest_sha_) {
      findings_.add(check::kManifest,
                    {std::string(kManifestFile), "sha256",
                     fmt::format("its bytes are not those that were written: SHA-256 {}, {} in SHA256SUMS",
                                 manifest_sha_.hex(), named->hex())});
      expected.replace(0, named->hex().size(), named->hex());
    }
    if (stored == expected) return;
    const auto differs = std::mismatch(stored.begin(), stored.end(), expected.begin(), expected.end()).first;
    const auto line = std::count(stored.begin(), differs, '\n') + 1;
    findings_.add(check::kSums,
                  {file, "sums", fmt::format("line {} is not what the manifest makes it", line)});
  }

  void expect(ExpectedFile file) {
    // Where it leads elsewhere, the manifest's contradiction says so.
    if (!is_safe_file(file.stored.file)) return;
    expected_.push_back(std::move(file));
  }

  void expect_part(const Part& part) {
    ++parts_;
    expect({ExpectedFile::Kind::part, check::kParts, {part.file, part.stored, part.sha}, &part});
  }

  void expect_files() {
    for (const StoredFile& file : result_.manifest->files) {
      if (file.file == kInventoryFile) {
        expect({ExpectedFile::Kind::inventory, check::kInventory, file, nullptr});
      } else if (file.file == kGlobalsFile) {
        expect({ExpectedFile::Kind::globals, check::kGlobals, file, nullptr});
      } else {
        expect({ExpectedFile::Kind::plain, file.file == kSchemaFile ? check::kSchema : check::kFiles, file,
                nullptr});
      }
    }
    for (const auto& [name, check] : {std::pair{kInventoryFile, check::kInventory},
                                      {kGlobalsFile, check::kGlobals},
                                      {kSchemaFile, check::kSchema}}) {
      const auto is_it = [name = name](const ExpectedFile& file) { return file.stored.file == name; };
      if (std::none_of(expected_.begin(), expected_.end(), is_it)) {
        findings_.add(check, {std::string(name), "missing", "the manifest does not name it"});
      }
    }
    for (const Relation& relation : result_.manifest->relations) {
      for (const Part& part : relation.parts) expect_part(part);
    }
    for (const Part& part : result_.manifest->large_objects.parts) expect_part(part);
    if (result_.manifest->large_objects.metadata) expect_part(*result_.manifest->large_objects.metadata);
  }

  /// Evidence may be added at any time, and a crash may have left a hidden file there.
  static bool is_evidence(const std::string& file) {
    const std::string prefix = std::string(kEvidenceDir) + "/";
    if (!file.starts_with(prefix)) return false;
    const std::string name = file.substr(prefix.size());
    return pgassay::is_evidence(name) || name == kPinFile || name == kAcceptFile || name.starts_with(".") ||
           name == std::string(kPinFile) + ".tmp" || name == std::string(kAcceptFile) + ".tmp";
  }

  void list_directory() {
    std::vector<std::string> files;
    try {
      files = list_files(dir_);
    } catch (const SystemError& error) {
      // Reading the files tells of each that is not there.
      return take(error, check::kFiles, ".");
    }
    std::set<std::string, std::less<>> present;
    for (std::string& file : files) {
      const std::filesystem::file_type type = type_of(dir_ / file);
      if (type == std::filesystem::file_type::regular) {
        present.insert(std::move(file));
      } else if (type != std::filesystem::file_type::not_found) {  // another's evidence, while it was written
        findings_.add(check::kFiles, {file, "kind", "is no regular file, and no backup holds anything else"});
      }
    }
    std::erase_if(expected_, [&](const ExpectedFile& file) { return !is_there(file, present); });
    std::set<std::string_view> known{kManifestFile, kSumsFile};
    const std::vector<StoredFile> stored = result_.manifest->stored_files();
    for (const StoredFile& file : stored) known.insert(file.file);
    for (const std::string& file : present) {
      if (known.contains(file) || is_evidence(file)) continue;
      findings_.add(check::kFiles, {file, "extra", "is not part of the backup"});
    }
  }

  bool is_there(const ExpectedFile& file, const std::set<std::string, std::less<>>& present) {
    const std::string& name = file.stored.file;
    if (!present.contains(name)) {
      findings_.add(check::kFiles, {name, "missing", "is not there"});
      if (file.check != check::kFiles) findings_.fail(file.check, name + ": is not there");
      return false;
    }
    const std::uint64_t size = size_of_file(dir_ / name);
    if (size != file.stored.stored) {
      findings_.add(file.check, {name, "size",
                                 fmt::format("{} bytes, {} in the manifest", grouped(size),
                                             grouped(file.stored.stored))});
    }
    // What is so much longer is not read to its end: nothing in it could make it right.
    return size < file.stored.stored + kTooLong;
  }

  void choose_subset() {
    if (!options_.subset) return;
    const auto [n, t] = *options_.subset;
    std::size_t number = 0;
    std::set<std::string> chosen;
    const auto count = [&, n = n, t = t](const Part& part) {
      if (number++ % t == n - 1) chosen.insert(part.file);
    };
    for (const Relation& relation : result_.manifest->relations) {
      for (const Part& part : relation.parts) count(part);
    }
    for (const Part& part : result_.manifest->large_objects.parts) count(part);
    if (result_.manifest->large_objects.metadata) count(*result_.manifest->large_objects.metadata);
    std::erase_if(expected_, [&](const ExpectedFile& file) {
      return file.kind == ExpectedFile::Kind::part && !chosen.contains(file.stored.file);
    });
  }

  void read_files(const std::stop_token& stop) {
    choose_subset();
    // The biggest first, so that no worker is left alone with one at the end.
    std::sort(expected_.begin(), expected_.end(), [](const ExpectedFile& a, const ExpectedFile& b) {
      return std::tie(b.stored.stored, a.stored.file) < std::tie(a.stored.stored, b.stored.file);
    });
    std::uint64_t raw = 0;
    for (const ExpectedFile& file : expected_) {
      if (file.part == nullptr) continue;
      raw += file.part->raw;
      ++parts_to_read_;
    }
    observer_.plan(expected_.size(), raw);
    std::atomic<std::size_t> next = 0;
    const auto workers =
        static_cast<unsigned>(std::clamp<std::size_t>(expected_.size(), 1, std::max(options_.jobs, 1U)));
    run_workers("verify", workers, stop, [&](unsigned worker, std::stop_token worker_stop) {
      for (std::size_t i = next++; i < expected_.size(); i = next++)
        reader_.read(expected_[i], worker, worker_stop);
    });
  }

  void conclude() {
    const auto add = [&](const char* name, const std::string& fine) {
      result_.checks.push_back(findings_.conclude(name, fine));
    };
    result_.files_read = reader_.files();
    result_.bytes_read = reader_.bytes();
    result_.rows_read = reader_.rows();
    add(check::kManifest,
        "format " + std::to_string(result_.manifest->summary.format) + ", free of contradictions");
    add(check::kSums, "as the manifest makes it");
    add(check::kFiles, "none missing, none extra");
    add(check::kParts, fmt::format("{} of {} parts read, {} rows", grouped(parts_to_read_), grouped(parts_),
                                   grouped(reader_.rows())));
    add(check::kInventory, fmt::format("{} {}", grouped(reader_.inventory_lines()),
                                       reader_.inventory_lines() == 1 ? "object" : "objects"));
    add(check::kGlobals, "whole");
  }

  const Place& dir_;
  const VerifyOptions& options_;
  VerifyFindings& findings_;
  Observer& observer_;
  FileReader reader_;
  StoredBytes result_;
  Sha256 manifest_sha_;
  std::vector<ExpectedFile> expected_;
  std::uint64_t parts_ = 0, parts_to_read_ = 0;
};

}  // namespace

StoredBytes check_stored_bytes(const Place& backup_dir, const VerifyOptions& options,
                               VerifyFindings& findings, Observer& observer, std::stop_token stop) {
  if (options.subset && (options.subset->first < 1 || options.subset->first > options.subset->second)) {
    throw UsageError(fmt::format("there is no subset {}/{}", options.subset->first, options.subset->second),
                     "write n/t with n from 1 to t");
  }
  return StoredBytesCheck(backup_dir, options, findings, observer).check(stop);
}

}  // namespace pgassay::verify
