// What the proof reads of the live database, and how it is spread over its connections.
#pragma once

#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/postgres/catalog.h"
#include "core/postgres/connection.h"
#include "core/repository/manifest.h"
#include "core/system/observer.h"

namespace pgassay::proof {

/// Digests rows, and tells the observer how far it is.
class DigestSink : public ChunkSink {
 public:
  DigestSink(Observer& observer, RowFormat format) : observer_(observer), digester_(format) {}
  void chunk(Bytes bytes) override {
    digester_.add(bytes);
    bytes_ += bytes.size();
    if (bytes_ >= kStep) tell();
  }
  void tell() {
    observer_.advanced(bytes_, digester_.rows_so_far() - reported_rows_);
    bytes_ = 0;
    reported_rows_ = digester_.rows_so_far();
  }
  RowDigest finish() { return digester_.finish(); }

 private:
  static constexpr std::uint64_t kStep = 1 << 20;
  Observer& observer_;
  ChunkDigester digester_;
  std::uint64_t bytes_ = 0, reported_rows_ = 0;
};

/// One COPY … TO STDOUT whose rows count towards subjects_[subject].
struct ProofUnit {
  std::size_t subject = 0;
  std::string sql;
  std::uint64_t bytes = 0;  ///< about; the largest are read first
  RowFormat format = RowFormat::text;
  std::size_t columns = 0, generated = 0;  ///< of its rows; the generated ones come last
};

/// One thing whose rows are compared: a table, one leaf of a partition tree, the large objects.
struct ProofSubject {
  std::string shown;
  RowDigest found;
  GeneratedDigest generated;
  std::string problem;     ///< the server's words when it could not be read
  bool forbidden = false;  ///< it could not for want of a privilege
};

/// Reads all units with `jobs` connections under one snapshot and adds what they found to their subjects.
void read_units(const ConnInfo& target, const std::string& snapshot, const std::string& lc_monetary,
                std::vector<ProofUnit> units, std::vector<ProofSubject>& subjects, unsigned jobs,
                Observer& observer, std::stop_token stop);

}  // namespace pgassay::proof
