#include "tests/fault/with_fault.h"

#include <cstdlib>
#include <fstream>

namespace pgassay::test {

Hit run_with_fault(const std::vector<std::string>& argv, const Path& below, const std::string& kind, long at,
                   const std::string& comm) {
  const Path report = below.parent_path() / "report";
  std::filesystem::remove(report);
  const char* sanitizer = std::getenv("ASAN_OPTIONS");
  Hit hit;
  hit.ended = run_child(
      argv, {{"LD_PRELOAD", PGASSAY_FAULT_SHIM},
             {"ASAN_OPTIONS", std::string(sanitizer ? sanitizer : "") + ":verify_asan_link_order=0"},
             {"PGASSAY_FAULT_DIR", below.string()},
             {"PGASSAY_FAULT_KIND", kind},
             {"PGASSAY_FAULT_AT", std::to_string(at)},
             {"PGASSAY_FAULT_COMM", comm},
             {"PGASSAY_FAULT_REPORT", report.string()}});
  std::ifstream lines(report);
  std::getline(lines, hit.call);
  return hit;
}

}  // namespace pgassay::test
