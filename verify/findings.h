// What a verification has found so far. From any thread.
#pragma once

#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "core/repository/evidence.h"

namespace pgassay::verify {

/// The checks of a verification, by the names that its evidence has.
namespace check {
inline constexpr const char *kManifest = "manifest", *kSums = "SHA256SUMS", *kFiles = "files",
                            *kParts = "parts", *kInventory = "inventory", *kGlobals = "globals",
                            *kSchema = "schema archive";
}

class VerifyFindings {
 public:
  void add(const std::string& check, Finding finding);
  /// The check fails for what is another check's finding.
  void fail(const std::string& check, std::string why);
  /// The check lacks something that could not be looked at; that is no finding.
  void unverified(const std::string& check, std::string why);
  bool any(const std::string& check) const;           ///< of the three above
  bool out_of_reach(const std::string& check) const;  ///< told to unverified(), nothing worse
  std::vector<Finding> sorted() const;                ///< by file
  /// FAIL with the first finding or reason when there is one, else UNVERIFIED with the first reason for that,
  /// else PASS with `fine`.
  Check conclude(const std::string& check, const std::string& fine) const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::vector<Finding>> by_check_;
  std::map<std::string, std::string> failed_;
  std::map<std::string, std::set<std::string>> unverified_;
};

std::string grouped(std::uint64_t number);  ///< 12,345

}  // namespace pgassay::verify
