// What may be added to a published backup: proofs of it, and pins. One JSON file each, written atomically.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/repository/manifest.h"
#include "core/system/verdict.h"

namespace pgassay {

struct Finding {
  std::string file, kind, detail;  ///< kind: missing, extra, size, sha256, zstd, rows, digest, schema, manifest, …
};

/// evidence/<time>.verify.json or .drill.json
struct Evidence {
  std::string kind;  ///< "verify", "drill"
  Time started, finished;
  Verdict verdict = Verdict::unverified;
  std::string tool_version, host;
  std::vector<Check> checks;
  std::vector<Finding> findings;
  std::vector<PhaseTime> phases;
  std::string scope;  ///< "all", or "2/7": the subset of the data that was read
  std::map<std::string, std::string> facts;  ///< kind-specific: server_version, image, rows_compared …
};
std::string to_json(const Evidence& evidence);
Evidence parse_evidence(std::string_view json, const Path& name_for_errors);

struct Pin {
  Time at;
  std::string reason;
};
std::string to_json(const Pin& pin);

/// What the evidence directory says now.
struct Proofs {
  struct Last {
    Time at;
    Verdict verdict;
    double seconds;
  };
  std::optional<Last> verified, drilled;  ///< the newest of each; a subset's PASS does not count as verified
  std::optional<Pin> pin;
  std::vector<std::string> unreadable;    ///< files in evidence/ that could not be read
};

}  // namespace pgassay
