// Reads the files of one backup, each once, and compares them with the manifest. Workers share one.
#pragma once

#include <atomic>
#include <stop_token>
#include <vector>

#include "verify/findings.h"
#include "verify/verify.h"

namespace pgassay::verify {

/// A file to be read, and what it must turn out to be.
struct ExpectedFile {
  enum class Kind { part, inventory, globals, plain };
  Kind kind = Kind::plain;
  const char* check = check::kFiles;
  StoredFile stored;
  const Part* part = nullptr;  ///< of kind part
};

class FileReader {
 public:
  FileReader(const Place& dir, VerifyFindings& findings, Observer& observer)
      : dir_(dir), findings_(findings), observer_(observer) {}

  /// Throws Stopped; whatever is wrong with the file is a finding.
  void read(const ExpectedFile& file, unsigned worker, const std::stop_token& stop);

  std::uint64_t files() const { return files_; }
  std::uint64_t bytes() const { return bytes_; }
  std::uint64_t rows() const { return rows_; }
  std::uint64_t inventory_lines() const { return inventory_lines_; }

 private:
  void add(const ExpectedFile& file, const char* kind, std::string detail) const;
  void read_rows(const ExpectedFile& file, const std::stop_token& stop);
  void read_globals(const ExpectedFile& file);
  void read_plain(const ExpectedFile& file);
  void compare_sha(const ExpectedFile& file, const Sha256& sha) const;
  void compare_part(const ExpectedFile& file, const Part& found) const;

  const Place& dir_;
  VerifyFindings& findings_;
  Observer& observer_;
  std::atomic<std::uint64_t> files_{0}, bytes_{0}, rows_{0}, inventory_lines_{0};
};

}  // namespace pgassay::verify
