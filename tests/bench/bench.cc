// Measures pgassay against what stock tools do with the same data. tests/bench/README.md says what each line
// means.
#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>

#include "tests/bench/lab.h"
#include "tests/bench/measures.h"

namespace {

using pgassay::bench::Options;

constexpr const char* kUsage =
    "usage: bench [--runs N] [--scale S] [--only NAME] [--pgassay PROGRAM] [--scratch DIR]\n"
    "NAME: two_tables, one_table, small_tables, large_row, hot_table, second_night, restore, drill, stores, "
    "engine_start (restore, stores and engine_start only when named)\n";

Options parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; i += 2) {
    const std::string flag = argv[i];
    if (i + 1 == argc) throw std::invalid_argument(kUsage);
    const std::string value = argv[i + 1];
    if (flag == "--runs") {
      options.runs = std::stoi(value);
    } else if (flag == "--scale") {
      options.scale = std::stod(value);
    } else if (flag == "--only") {
      options.only = value;
    } else if (flag == "--pgassay") {
      options.pgassay = value;
    } else if (flag == "--scratch") {
      options.scratch = value;
    } else {
      throw std::invalid_argument(kUsage);
    }
  }
  if (options.runs < 1 || options.scale <= 0) throw std::invalid_argument(kUsage);
  return options;
}

/// False when something failed to run; a missed target is not that.
bool measure(const Options& options) {
  pgassay::bench::Lab lab(options);
  fmt::print("{}", lab.facts());
  bool all_ran = true;
  for (const auto& measure : pgassay::bench::measures()) {
    if (options.only.empty() ? !measure.by_default : options.only != measure.name) continue;
    try {
      if (!measure.data_set.empty()) lab.create(pgassay::bench::data_set(measure.data_set, options.scale));
      measure.run(lab);
    } catch (const std::exception& error) {
      fmt::print("\n{}: FAILED TO RUN: {}\n", measure.name, error.what());
      all_ran = false;
    }
    if (!measure.data_set.empty()) lab.drop(measure.data_set);
  }
  return all_ran;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return measure(parse(argc, argv)) ? 0 : 1;
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}
