// What may be added to a published backup: proofs of it, and pins. One JSON file each, written atomically.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/repository/manifest.h"
#include "core/system/place.h"
#include "core/system/verdict.h"

namespace pgassay {

struct Finding {
  std::string file, kind,
      detail;  ///< kind: missing, extra, size, sha256, zstd, rows, digest, schema, manifest, …
};

/// evidence/<time>.verify.json, .drill.json or .store.json
struct Evidence {
  std::string kind;  ///< "verify", "drill", or "store": that a copy lies in a store
  Time started, finished;
  Verdict verdict = Verdict::unverified;
  std::string tool_version, host;
  std::vector<Check> checks;
  std::vector<Finding> findings;
  std::vector<PhaseTime> phases;
  std::string scope;                         ///< "all", or "2/7": the subset of the data that was read
  std::map<std::string, std::string> facts;  ///< kind-specific: server_version, image, rows_compared …
  std::vector<std::string> notes;  ///< what was left alone on purpose, or tolerated: each with its reason
  /// One more than the highest of the evidence that lay beside it when it was stored: which of two was stored
  /// later is said by this and by no clock. 0: of a pgassay that did not count.
  std::uint64_t number = 0;
  Path file;  ///< where it was stored; empty: nowhere. Not part of the JSON.
};
inline constexpr const char* kRestoreSeconds = "restore_seconds";  ///< a fact of drills
inline constexpr const char* kStoreEvidence = "store";             ///< a kind
inline constexpr const char* kStoreName =
    "store";  ///< a fact of that: the configuration's name of it, or its URL
/// A fact of drills: ALTER FUNCTION … SET search_path of each function that found no names under an empty
/// one, as restores have it, separated by semicolons.
inline constexpr const char* kSearchPathMends = "search_path_mends";
std::optional<double> restore_seconds(const Evidence& evidence);
std::string to_json(const Evidence& evidence);
/// Throws BadBackup.
Evidence parse_evidence(std::string_view json, const Path& name_for_errors);

/// pin.json, and accept.json.
struct Pin {
  Time at;
  std::string reason;
};
std::string to_json(const Pin& pin);
Pin parse_pin(std::string_view json, const Path& name_for_errors);  ///< throws BadBackup

/// What the evidence directory says now.
struct Proofs {
  struct Last {
    Time at;
    Verdict verdict;
    double seconds;
    std::optional<double> restore_seconds;  ///< of a drill that restored all of it
    std::string mends = {};                 ///< of a drill: see kSearchPathMends
  };
  /// The one of each kind that was stored last; but a FAIL counts until a PASS that was stored later,
  /// whatever clock either is dated by. Of a subset only a FAIL counts: the rest says nothing about the
  /// whole.
  std::optional<Last> verified, drilled;
  std::optional<Pin> pin;
  /// When it was last copied to a store, or found to have been, by the store's name.
  std::map<std::string, Time> copies = {};
  /// That the backup holds as little as it does is as it should be (accept.json).
  std::optional<Pin> accepted = {};
  std::vector<std::string> unreadable;  ///< files in evidence/ that could not be read
  /// Files in evidence/ that are dated after now. They are set aside: a PASS of a clock that was wrong proves
  /// nothing. A FAIL among them counts all the same. Not those after which the same was proved, or refuted,
  /// by a clock that is right.
  std::vector<std::string> dated_ahead;
};
/// Of a file's name: TIME.verify.json, TIME.drill.json, TIME.store.json. `kind` as in Evidence.
bool is_evidence_of(std::string_view file, std::string_view kind);
bool is_evidence(std::string_view file);  ///< of any kind
/// How far evidence may be ahead of our clock: another host's may have stored it.
inline constexpr std::chrono::minutes kClocksApart{5};
/// `all`: gets every proof (not the copies) that can be read, in the order in which it was stored.
Proofs read_proofs(const Place& backup_dir, std::vector<Evidence>* all = nullptr, Time now = pgassay::now());
/// The number for the next piece of evidence.
std::uint64_t next_evidence_number(const Place& backup_dir);

}  // namespace pgassay
