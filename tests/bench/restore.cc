#include "tests/bench/restore.h"

#include "core/repository/repository.h"
#include "tests/bench/phases.h"
#include "tests/bench/results.h"

namespace pgassay::bench {
namespace {

constexpr double kPeakMib = 64;
const std::string kRestore = "pgassay restore -j2", kSame = "its phases that pg_restore has, too",
                  kProof = "its proof", kNoProof = "pgassay restore -j2 --no-prove",
                  kPgRestore = "pg_restore -j2", kNowhere = "2 connections COPY to nowhere";

void measure(Lab& lab, const std::string& database, Results results, Target target) {
  const ScratchDir scratch(lab.options().scratch);
  const Manifest manifest = read_manifest(lab.backup(database, scratch / "repository").place);
  lab.dump(database, scratch / "compressed", std::nullopt);
  for (int run = 0; run < lab.options().runs; ++run) {
    const Ran ran = lab.restore(scratch / "repository", "restored");
    results.add(kRestore, ran.cost);
    results.add_peak(kRestore, ran.peak_kib);
    // createdb is not measured either, and pg_restore runs no ANALYZE.
    results.add(kSame, {seconds_of_phases(ran.out, "restore",
                                          {"check", "roles", "pre-data", "data", "sequences", "large objects",
                                           "post-data", "properties"})});
    results.add(kProof, {seconds_of_phases(ran.out, "restore", {"proof"})});
    results.add(kNowhere, lab.nowhere("restored", manifest));
    lab.drop("restored");
    results.add(kNoProof, lab.restore(scratch / "repository", "restored", {"--no-prove"}).cost);
    lab.drop("restored");
    results.add(kPgRestore, lab.pg_restore(scratch / "compressed", "restored").cost);
    lab.drop("restored");
  }
  results.print_series();
  results.print_ratio(kSame, kPgRestore, target);
  results.print_server_ratio(kNoProof, kPgRestore, Target{1.05});
  results.print_ratio(kRestore, kPgRestore, Target{1.6, 1.25});
  results.print_ratio(kProof, kNowhere, Target{1.15});
  results.print_peak(kRestore, kPeakMib);
}

}  // namespace

void restore_two_tables(Lab& lab) {
  measure(lab, "two_tables", Results("restore: two large tables"), {0.95, 0.85});
}

void restore_indexed_table(Lab& lab) {
  measure(lab, "indexed_table", Results("restore: one large table with two indexes"), {0.9, 0.75});
}

}  // namespace pgassay::bench
