// The proof of what is beside rows: sequences and large objects.
#pragma once

#include <set>
#include <vector>

#include "core/postgres/connection.h"
#include "core/repository/manifest.h"
#include "core/system/verdict.h"
#include "proof/readers.h"

namespace pgassay::proof {

/// Of the same sequence: less than 0 when it is behind what the backup has, 0 where both would give the same
/// next value.
int compare_positions(const Sequence& then, std::int64_t last_value, bool is_called, std::int64_t increment);

/// Another type, bound, increment, start, cache or cycle fails. Equal passes, ahead passes, behind fails: it
/// would hand out a value that is in use. One that cycles may be anywhere in its ring.
/// `made`: gets the id of each that was compared.
void check_sequences(Connection& leader, const std::vector<Sequence>& sequences, std::vector<Check>& checks,
                     std::set<CheckId>* made = nullptr);

/// Name of the check of owners, comments and privileges.
inline constexpr const char* kLargeObjectFacts = "large object owners, comments and privileges";

/// Large objects are read as two subjects of the proof: their pages, and their owners, comments and
/// privileges.
class ObjectProof {
 public:
  ObjectProof(Connection& leader, const Manifest& manifest) : leader_(leader), manifest_(manifest) {}
  void plan(std::vector<ProofUnit>& units, std::vector<ProofSubject>& subjects);
  void compare(const std::vector<ProofSubject>& subjects, std::vector<Check>& checks) const;

 private:
  Connection& leader_;
  const Manifest& manifest_;
  std::size_t pages_ = 0, facts_ = 0;
};

}  // namespace pgassay::proof
