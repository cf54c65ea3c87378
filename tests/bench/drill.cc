#include "tests/bench/drill.h"

#include "core/repository/repository.h"
#include "core/system/clock.h"
#include "proof/row_proof.h"
#include "tests/bench/phases.h"
#include "tests/bench/results.h"

namespace pgassay::bench {
namespace {

const std::string kDrill = "restore phases of pgassay drill -j2",
                  kPgRestore = "pg_restore -j2, normal server",
                  kDigests = "digests of all rows, 2 connections", kNowhere = "2 connections COPY to nowhere";

double proof_seconds(const std::string& conninfo, const Manifest& manifest) {
  Observer silent;
  const Stopwatch watch;
  const std::vector<Check> checks = proof::prove(ConnInfo::parse(conninfo), manifest, {2}, silent, {});
  if (overall(checks) != Verdict::pass) throw Error("the proof did not pass");
  return watch.seconds();
}

}  // namespace

void drill(Lab& lab) {
  const std::string database = "two_tables";
  Results results("drill: two large tables");
  const test::LocalServer normal({{"fsync", "on"},
                                  {"synchronous_commit", "on"},
                                  {"full_page_writes", "on"},
                                  {"autovacuum", "on"},
                                  {"shared_buffers", "512MB"},
                                  {"maintenance_work_mem", "64MB"}});
  const ScratchDir scratch(lab.options().scratch);
  const Manifest manifest = read_manifest(lab.backup(database, scratch / "repository").place);
  lab.dump(database, scratch / "dump", std::nullopt);
  for (int run = 0; run < lab.options().runs; ++run) {
    // What stock pg_restore does as well: it runs no ANALYZE.
    results.add(kDrill, {seconds_of_phases(lab.drill(scratch / "repository").out, "drill",
                                           {"create", "globals", "pre-data", "data", "post-data"})});
    results.add(kPgRestore, {lab.pg_restore(scratch / "dump", "restored", normal).seconds});
    normal.drop_database("restored");
    results.add(kDigests, {proof_seconds(lab.conninfo(database), manifest)});
    results.add(kNowhere, lab.nowhere(database, manifest));
  }
  results.print_series();
  results.print_ratio(kDrill, kPgRestore, Target{1.0});
  results.print_ratio(kDigests, kNowhere, Target{1.25});
}

}  // namespace pgassay::bench
