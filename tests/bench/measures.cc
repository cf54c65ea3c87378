#include "tests/bench/measures.h"

#include <fmt/format.h>

#include <deque>

#include "core/repository/repository.h"
#include "tests/bench/drill.h"
#include "tests/bench/engine_start.h"
#include "tests/bench/restore.h"
#include "tests/bench/results.h"
#include "tests/bench/second_night.h"
#include "tests/bench/stores.h"

namespace pgassay::bench {

namespace {

constexpr double kPeakMib = 64;
const std::string kBackup = "pgassay backup -j2", kSplit = "pgassay backup -j2 --split-tables",
                  kData = "its data phase", kNowhere = "2 connections COPY to nowhere",
                  kDumpPlain = "pg_dump -Fd -j2 -Z0", kDump = "pg_dump -Fd -j2",
                  kVerify = "pgassay verify -j2", kZstd = "zstd -t", kZstdTwo = "2 zstd -t side by side";

/// 100 MB that are read all the time; what is resident of them after somebody has read all the rest.
double resident_after(Lab& lab, const std::string& database, const std::function<void()>& read) {
  lab.value(database,
            "SELECT count(pg_prewarm('hot')) FROM generate_series(1, 3); SELECT count(*) FROM hot, "
            "generate_series(1, 3)");
  const std::string resident =
      "SELECT count(*) FROM pg_buffercache WHERE reldatabase = (SELECT oid FROM pg_database WHERE datname = "
      "current_database()) AND relfilenode = pg_relation_filenode('hot') AND relforknumber = 0";
  const double before = std::stod(lab.value(database, resident));
  read();
  return 100 * std::stod(lab.value(database, resident)) / before;
}

void hot_table(Lab& lab) {
  const std::string database = "two_tables";
  fmt::print("\nhot_table: what is left of 100 MB in shared buffers\n");
  lab.value(
      database,
      "CREATE EXTENSION pg_buffercache; CREATE EXTENSION pg_prewarm; CREATE TABLE hot AS SELECT g AS id,"
      " repeat('x', 900) AS v FROM generate_series(1, 100000) g");
  lab.value(database, "VACUUM (FREEZE, ANALYZE) hot");
  for (int run = 0; run < lab.options().runs; ++run) {
    const ScratchDir scratch(lab.options().scratch);
    Results::print_figure(kDumpPlain,
                          resident_after(lab, database, [&] { lab.dump(database, scratch / "plain", 0); }),
                          "%", {100});
    const double ours = resident_after(lab, database, [&] { lab.backup(database, scratch / "repository"); });
    fmt::print("  {:<76} {:7.2f} %   target >= 99   {}\n", kBackup, ours, ours >= 99 ? "met" : "MISSED");
    Results::print_figure(
        kSplit,
        resident_after(lab, database, [&] { lab.backup(database, scratch / "split", {"--split-tables"}); }),
        "%", {100});
  }
}

double data_phase(const Manifest& manifest) {
  for (const PhaseTime& phase : manifest.phases) {
    if (phase.name == "data") return phase.seconds;
  }
  throw std::runtime_error("the manifest has no phase named data");
}

void add(Results& results, const std::string& series, const Ran& ran) {
  results.add(series, ran.cost);
  results.add_peak(series, ran.peak_kib);
}

void second_backup(const Lab& lab, const std::string& database) {
  const ScratchDir scratch(lab.options().scratch);
  lab.backup(database, scratch / "repository");
  const Taken second = lab.backup(database, scratch / "repository");
  const ManifestSummary summary = read_manifest(second.place).summary;
  Results::print_figure(
      "new bytes of a second backup, of its stored bytes",
      100.0 * static_cast<double>(summary.new_bytes) / static_cast<double>(summary.stored_bytes), "%", {1});
  Results::print_figure("peak memory of a second backup", static_cast<double>(second.ran.peak_kib) / 1024,
                        "MiB", {kPeakMib});
}

void two_tables(Lab& lab) {
  const std::string database = "two_tables";
  Results results("two_tables: backup and verify of two large tables");
  for (int run = 0; run < lab.options().runs; ++run) {
    const ScratchDir scratch(lab.options().scratch);
    const Taken taken = lab.backup(database, scratch / "repository");
    const Manifest manifest = read_manifest(taken.place);
    add(results, kBackup, taken.ran);
    results.add(kData, {data_phase(manifest)});
    results.add(kNowhere, lab.nowhere(database, manifest));
    add(results, kDumpPlain, lab.dump(database, scratch / "plain", 0));
    add(results, kDump, lab.dump(database, scratch / "compressed", std::nullopt));
    add(results, kVerify, lab.verify(scratch / "repository"));
    add(results, kZstd, lab.zstd_test(taken.dir, 1));
    add(results, kZstdTwo, lab.zstd_test(taken.dir, 2));
  }
  results.print_series();
  results.print_ratio(kData, kNowhere, Target{1.3, 1.1});
  results.print_cpu_ratio(kBackup, kNowhere);
  results.print_server_ratio(kBackup, kDumpPlain, Target{1.15, 1.05});
  results.print_cpu_ratio(kBackup, kDumpPlain, Target{1.45});
  results.print_ratio(kBackup, kDumpPlain, Target{1.1, 1.0});
  results.print_ratio(kBackup, kDump, Target{0.42});
  results.print_ratio(kVerify, kZstd, Target{1.7});
  results.print_ratio(kVerify, kZstdTwo, std::nullopt);
  results.print_peak(kBackup, kPeakMib);
  results.print_peak(kVerify, kPeakMib);
  second_backup(lab, database);
}

void one_table(Lab& lab) {
  Results results("one_table: one large table");
  for (int run = 0; run < lab.options().runs; ++run) {
    const ScratchDir scratch(lab.options().scratch);
    add(results, kBackup, lab.backup("one_table", scratch / "repository").ran);
    add(results, kSplit, lab.backup("one_table", scratch / "split", {"--split-tables"}).ran);
    add(results, kDumpPlain, lab.dump("one_table", scratch / "plain", 0));
  }
  results.print_series();
  results.print_ratio(kBackup, kDumpPlain, Target{1.15});
  results.print_server_ratio(kBackup, kDumpPlain);
  results.print_ratio(kSplit, kDumpPlain, Target{0.75});
  results.print_server_ratio(kSplit, kDumpPlain);
  results.print_peak(kBackup, kPeakMib);
}

void ten_of_small_tables_changed(const Lab& lab) {
  const ScratchDir scratch(lab.options().scratch);
  lab.backup("small_tables", scratch / "repository");
  for (int table = 1; table <= 10; ++table)
    lab.value("small_tables",
              fmt::format("UPDATE small_{} SET name = reverse(name) WHERE id = 7", table * 17));
  const ManifestSummary summary =
      read_manifest(lab.backup("small_tables", scratch / "repository").place).summary;
  Results::print_figure(
      "new bytes when 10 of 10,000 small tables changed",
      100.0 * static_cast<double>(summary.new_bytes) / static_cast<double>(summary.stored_bytes), "%", {1});
}

void small_tables(Lab& lab) {
  Results results("small_tables: 10,000 small tables");
  // Nothing is removed in between: for half a minute ext4 walks around the inodes of files that were deleted
  // (recently_deleted() in fs/ext4/ialloc.c), and the next program's 10,000 files take three times as long.
  std::deque<ScratchDir> kept;
  for (int run = 0; run < lab.options().runs; ++run) {
    const ScratchDir& scratch = kept.emplace_back(lab.options().scratch);
    const Taken taken = lab.backup("small_tables", scratch / "repository");
    add(results, kBackup, taken.ran);
    results.add(kData, {data_phase(read_manifest(taken.place))});
    add(results, kDump, lab.dump("small_tables", scratch / "compressed", std::nullopt));
    add(results, kVerify, lab.verify(scratch / "repository"));
  }
  results.print_series();
  results.print_ratio(kBackup, kDump, Target{0.75});
  results.print_peak(kBackup, kPeakMib);
  results.print_peak(kVerify, kPeakMib);
  ten_of_small_tables_changed(lab);
}

/// The row as COPY text is as long as its field: hex digits need no escaping.
void large_row(Lab& lab) {
  Results results("large_row: a row of 200 MiB; targets are 4 times the row");
  const double row_mib = 200 * lab.options().scale;
  const ScratchDir scratch(lab.options().scratch);
  add(results, kBackup, lab.backup("large_row", scratch / "repository").ran);
  add(results, kVerify, lab.verify(scratch / "repository"));
  results.print_series();
  results.print_peak(kBackup, std::max(kPeakMib, 4 * row_mib));
  results.print_peak(kVerify, std::max(kPeakMib, 4 * row_mib));
}

}  // namespace

const std::vector<Measure>& measures() {
  static const std::vector<Measure> all = {{"two_tables", "two_tables", two_tables},
                                           {"one_table", "one_table", one_table},
                                           {"small_tables", "small_tables", small_tables},
                                           {"large_row", "large_row", large_row},
                                           {"hot_table", "two_tables", hot_table},
                                           {"second_night", "two_tables", second_night},
                                           {"restore", "two_tables", restore_two_tables, false},
                                           {"restore", "indexed_table", restore_indexed_table, false},
                                           {"stores", "one_table", stores_one_table, false},
                                           {"stores", "small_tables", stores_small_tables, false},
                                           {"drill", "two_tables", drill},
                                           {"engine_start", "", engine_start, false}};
  return all;
}

}  // namespace pgassay::bench
